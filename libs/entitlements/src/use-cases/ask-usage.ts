import type { Feature } from '@ledgerline/catalog/core';
import type { Aggregation } from '@ledgerline/credits/core';
import { attributedSubjects, type Customer } from '@ledgerline/customers/core';
import { type Db, type Decimal, invariant, type Period } from '@ledgerline/kernel';
import { METER_STORE, type MeterStore, QUERY_USAGE, type QueryUsage } from '@ledgerline/metering';
import { Inject } from '@nestjs/common';

/** As many as metering takes in one question. */
const periodsPerQuestion = 4_000;

/** What a customer used of a feature, as its meter counts it. Not within a transaction: another engine is asked. */
export class AskUsage {
  constructor(
    @Inject(METER_STORE) private readonly meters: MeterStore,
    @Inject(QUERY_USAGE) private readonly usage: QueryUsage,
  ) {}

  async aggregationsOf(db: Db, meterIds: readonly string[]): Promise<ReadonlyMap<string, Aggregation>> {
    const found = new Map<string, Aggregation>();
    for (const id of new Set(meterIds)) {
      const meter = await this.meters.find(db, id);
      invariant(meter !== undefined && isBurnable(meter.aggregation), `meter ${id} can burn grants`);
      found.set(id, meter.aggregation);
    }
    return found;
  }

  /** One value per period, in their order; 0 where there is no usage. */
  async run(
    customer: Customer,
    { meterId, filters }: Feature,
    periods: readonly Period[],
  ): Promise<readonly Decimal[]> {
    invariant(meterId !== undefined, 'the feature of a metered entitlement has a meter');
    const values: Decimal[] = [];
    for (let at = 0; at < periods.length; at += periodsPerQuestion) {
      const answer = await this.usage.run({
        namespace: customer.namespace,
        meterId,
        subjects: attributedSubjects(customer),
        filters,
        periods: periods.slice(at, at + periodsPerQuestion),
      });
      values.push(...answer.map(({ value }) => value));
    }
    return values;
  }
}

const isBurnable = (aggregation: string): aggregation is Aggregation =>
  aggregation === 'SUM' ||
  aggregation === 'COUNT' ||
  aggregation === 'UNIQUE_COUNT' ||
  aggregation === 'LATEST';
