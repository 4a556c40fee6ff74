import { isFlat } from '@ledgerline/catalog/core';
import { attributedSubjects } from '@ledgerline/customers/core';
import {
  type Decision,
  type Period,
  refusal,
  Refused,
  type RefusalIssue,
  type UnitOfWork,
} from '@ledgerline/kernel';
import type { MeterAggregation } from '@ledgerline/rating/core';
import type { InvoicedParty } from '../core/invoice.js';
import type { Line, Metered, SplitGroup } from '../core/line.js';
import type {
  InvoicedCustomer,
  InvoicedFeatures,
  InvoicedMeters,
  InvoicedUsage,
  UsageAnswer,
  UsageQuestion,
} from '../core/ports.js';
import { meteredFrom, usagePeriods } from '../core/usage-of-line.js';
import { components } from '../core/validation-issue.js';

/** Whose usage counts: an invoice's own copy, or the customer as it is now. */
export type Consumer = Pick<InvoicedParty, 'key' | 'usageAttribution'>;

export const partyOf = (customer: InvoicedCustomer): Consumer => ({
  ...(customer.key === undefined ? {} : { key: customer.key }),
  usageAttribution: { subjectKeys: [...customer.usageAttribution.subjectKeys] },
});

export interface LineToMeasure {
  readonly line: Line;
  readonly group?: SplitGroup | undefined;
}

/** Cumulative aggregations only: the difference of two averages is no average. */
const notInParts: ReadonlySet<MeterAggregation> = new Set(['AVG', 'MIN', 'LATEST']);

export interface LineQuestion {
  readonly namespace: string;
  readonly customer: Consumer;
  readonly line: Line;
  readonly periods: readonly Period[];
  readonly window?: UsageQuestion['window'];
}

/** Asks the meters what lines are billed on. Outside of any transaction. */
export class MeasureLines {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly features: InvoicedFeatures,
    private readonly meters: InvoicedMeters,
    private readonly usage: InvoicedUsage,
  ) {}

  /** By line id; a refusal where feature or meter are gone. An engine that does not answer throws. */
  async run(
    namespace: string,
    customer: Consumer,
    lines: readonly LineToMeasure[],
  ): Promise<ReadonlyMap<string, Decision<Metered>>> {
    const measured = new Map<string, Decision<Metered>>();
    for (const { line, group } of lines) {
      const periods = usagePeriods(line, group);
      const answer =
        periods.length === 0 ? { accepted: [] } : await this.ask({ namespace, customer, line, periods });
      measured.set(
        line.id,
        answer.refused === undefined
          ? { accepted: meteredFrom(answer.accepted.map(({ value }) => value)) }
          : answer,
      );
    }
    return measured;
  }

  /** Usage of one line in any periods. */
  async ask({
    namespace,
    customer,
    line,
    periods,
    window,
  }: LineQuestion): Promise<Decision<readonly UsageAnswer[]>> {
    try {
      const feature = await this.featureOf(namespace, line);
      if (feature.meterId === undefined) return failed(line, `the feature ${feature.key} has no meter`);
      const { aggregation } = await this.meters.get(namespace, feature.meterId);
      if (periods.length > 1 && notInParts.has(aggregation)) {
        return failed(line, `usage of a meter with aggregation ${aggregation} cannot be billed in parts`);
      }
      const answers = await this.usage.run({
        namespace,
        meterId: feature.meterId,
        subjects: attributedSubjects({ ...customer, key: customer.key }),
        filters: feature.filters,
        periods,
        ...(window === undefined ? {} : { window }),
      });
      return { accepted: answers };
    } catch (error) {
      // Metering's no is about this line; anything else is trouble that passes, and the caller tries again.
      if (error instanceof Refused) return failed(line, error.refusal.detail);
      throw error;
    }
  }

  /** How usage of each line adds up, by line id; nothing for fees and for what cannot be looked up. */
  async aggregations(
    namespace: string,
    lines: readonly Line[],
  ): Promise<ReadonlyMap<string, MeterAggregation>> {
    const found = new Map<string, MeterAggregation>();
    for (const line of lines) {
      if (isFlat(line.price) || line.featureId === undefined) continue;
      try {
        const { meterId } = await this.featureOf(namespace, line);
        if (meterId !== undefined)
          found.set(line.id, (await this.meters.get(namespace, meterId)).aggregation);
      } catch (error) {
        // Not splittable, then; what is wrong with the line is said when it is measured.
        if (!(error instanceof Refused)) throw error;
      }
    }
    return found;
  }

  private async featureOf(namespace: string, line: Line) {
    const name = line.featureId ?? line.featureKey;
    const feature =
      name === undefined ? undefined : await this.features.find(this.unitOfWork.reader(namespace), name);
    if (feature !== undefined) return feature;
    throw new Refused(refusal.notFound(`there is no feature ${name ?? '(none named)'}`));
  }
}

function failed(line: Line, reason: string): Decision<never> {
  const issue: RefusalIssue = {
    code: 'invoice_line_snapshot_failed',
    message: reason,
    severity: 'critical',
    field: `lines/${line.id}`,
    component: components.metering,
  };
  return { refused: refusal.invalid(reason, { issues: [issue] }) };
}
