import { FEATURES } from '@ledgerline/catalog';
import type { Feature, FeatureStore } from '@ledgerline/catalog/core';
import {
  type Aggregation,
  type Balance,
  balanceOf,
  type BalancePlan,
  burnBalance,
  planBalance,
} from '@ledgerline/credits/core';
import { attributedSubjects, type Customer } from '@ledgerline/customers/core';
import {
  ceilToMinute,
  type Db,
  type Decimal,
  floorToMinute,
  type Instant,
  invariant,
  latest,
  type Period,
  Refused,
} from '@ledgerline/kernel';
import { METER_STORE, type MeterStore, QUERY_USAGE, type QueryUsage } from '@ledgerline/metering';
import { Inject } from '@nestjs/common';
import { type EntitlementGrant, type MeteredEntitlement, usagePeriodsOf } from '../core/entitlement.js';
import { refuseLongRun } from '../core/limits.js';
import type { GrantStore } from '../core/ports.js';
import { GRANT_STORE } from '../tokens.js';

/** As many as metering takes in one question. */
const periodsPerQuestion = 4_000;

interface Planned {
  readonly entitlement: MeteredEntitlement;
  readonly plan: BalancePlan;
}

/** Balances of metered entitlements of one customer, with one usage query for all that read the same usage. */
export class CalculateBalances {
  constructor(
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(METER_STORE) private readonly meters: MeterStore,
    @Inject(QUERY_USAGE) private readonly usage: QueryUsage,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  /** By entitlement id. Not within a transaction: usage is asked of another engine. */
  async run(
    db: Db,
    customer: Customer,
    entitlements: readonly MeteredEntitlement[],
    at: Instant,
  ): Promise<ReadonlyMap<string, Balance>> {
    const features = await this.features.findMany(
      db,
      distinct(entitlements.map(({ featureId }) => featureId)),
    );
    const featureById = new Map(features.map((feature) => [feature.id, feature]));
    const aggregations = await this.aggregationsOf(db, distinct(entitlements.map(({ meterId }) => meterId)));
    const grants = await this.grants.findOf(
      db,
      entitlements.map(({ id }) => id),
    );
    const balances = new Map<string, Balance>();
    for (const [feature, group] of groupedByUsage(entitlements, featureById)) {
      const planned = group.map((entitlement) => ({
        entitlement,
        plan: planOf(entitlement, grants, aggregations, at),
      }));
      for (const [id, balance] of await this.burn(customer, feature, planned)) balances.set(id, balance);
    }
    return balances;
  }

  private async aggregationsOf(
    db: Db,
    meterIds: readonly string[],
  ): Promise<ReadonlyMap<string, Aggregation>> {
    const found = new Map<string, Aggregation>();
    for (const id of meterIds) {
      const meter = await this.meters.find(db, id);
      invariant(meter !== undefined && isBurnable(meter.aggregation), `meter ${id} can burn grants`);
      found.set(id, meter.aggregation);
    }
    return found;
  }

  private async burn(
    customer: Customer,
    feature: Feature,
    planned: readonly Planned[],
  ): Promise<readonly (readonly [string, Balance])[]> {
    const values = await this.ask(
      customer,
      feature,
      planned.flatMap(({ plan }) => plan.windows),
    );
    let asked = 0;
    return planned.map(({ entitlement, plan }) => {
      const usage = values.slice(asked, asked + plan.windows.length);
      asked += usage.length;
      return [entitlement.id, balanceOf(burnBalance(plan, usage))] as const;
    });
  }

  private async ask(
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

const distinct = (values: readonly string[]): readonly string[] => [...new Set(values)];

/** Entitlements that read the same meter through the same filters, under one of their features. */
function groupedByUsage(
  entitlements: readonly MeteredEntitlement[],
  features: ReadonlyMap<string, Feature>,
): Iterable<readonly [Feature, MeteredEntitlement[]]> {
  const groups = new Map<string, readonly [Feature, MeteredEntitlement[]]>();
  for (const entitlement of entitlements) {
    const feature = features.get(entitlement.featureId);
    invariant(feature !== undefined, `feature ${entitlement.featureId} of an entitlement exists`);
    const key = JSON.stringify([feature.meterId, feature.filters ?? null]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [feature, [entitlement]]);
    else group[1].push(entitlement);
  }
  return groups.values();
}

function planOf(
  entitlement: MeteredEntitlement,
  grants: readonly EntitlementGrant[],
  aggregations: ReadonlyMap<string, Aggregation>,
  at: Instant,
): BalancePlan {
  const aggregation = aggregations.get(entitlement.meterId);
  invariant(aggregation !== undefined, 'the aggregation of each meter was read');
  const account = {
    aggregation,
    grants: grants.filter(({ entitlementId }) => entitlementId === entitlement.id),
    usagePeriods: usagePeriodsOf(entitlement),
    preserveOverageAtReset: entitlement.preserveOverageAtReset,
  };
  // Usage of the running minute counts. Before measurement begins, the answer is the one at its beginning.
  const minute = floorToMinute(latest(ceilToMinute(at), entitlement.measureUsageFrom));
  const refused = refuseLongRun(account, minute);
  if (refused !== undefined) throw new Refused(refused);
  return planBalance({ ...account, at: minute });
}
