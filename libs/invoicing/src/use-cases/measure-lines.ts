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
  /** The periods hold readings whose difference is billed. By default, when there are several. */
  readonly inParts?: boolean;
}

interface AskedLine {
  readonly line: Line;
  readonly periods: readonly Period[];
}

/** As many as metering takes in one question. */
const periodsPerQuestion = 4_000;

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
    const asked = lines.map(({ line, group }) => ({ line, periods: usagePeriods(line, group) }));
    const answers = new Map<string, Decision<readonly UsageAnswer[]>>();
    for (const together of questionsOf(asked)) {
      const consumer = { namespace, customer };
      for (const [id, answer] of await this.askTogether(consumer, together)) answers.set(id, answer);
    }
    return new Map(asked.map(({ line }) => [line.id, toMetered(answers.get(line.id))]));
  }

  /** What is refused together is asked line by line: the trouble may be that of one. */
  private async askTogether(
    consumer: Pick<LineQuestion, 'namespace' | 'customer'>,
    asked: readonly AskedLine[],
  ): Promise<readonly (readonly [string, Decision<readonly UsageAnswer[]>])[]> {
    const [first, ...others] = asked;
    if (first === undefined) return [];
    const periods = asked.flatMap((one) => one.periods);
    const inParts = asked.some((one) => one.periods.length > 1);
    const answer = await this.ask({ ...consumer, line: first.line, periods, inParts });
    if (others.length === 0) return [[first.line.id, answer]];
    if (answer.refused !== undefined) {
      const alone: (readonly [string, Decision<readonly UsageAnswer[]>])[] = [];
      for (const one of asked) alone.push([one.line.id, await this.ask({ ...consumer, ...one })]);
      return alone;
    }
    let taken = 0;
    return asked.map((one) => {
      const accepted = answer.accepted.slice(taken, (taken += one.periods.length));
      return [one.line.id, { accepted }] as const;
    });
  }

  /** Usage of one line in any periods. */
  async ask({
    namespace,
    customer,
    line,
    periods,
    window,
    inParts = periods.length > 1,
  }: LineQuestion): Promise<Decision<readonly UsageAnswer[]>> {
    try {
      const feature = await this.featureOf(namespace, line);
      if (feature.meterId === undefined) return failed(line, `the feature ${feature.key} has no meter`);
      const { aggregation } = await this.meters.get(namespace, feature.meterId);
      if (inParts && notInParts.has(aggregation)) {
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

/** Lines that one question can answer: those of one feature. A line billed by the hour has hundreds of them a month. */
function questionsOf(asked: readonly AskedLine[]): readonly AskedLine[][] {
  const open = new Map<string, { readonly lines: AskedLine[]; periods: number }>();
  const questions: AskedLine[][] = [];
  for (const one of asked) {
    if (one.periods.length === 0) continue;
    const feature = one.line.featureId ?? one.line.featureKey ?? '';
    let question = open.get(feature);
    if (question === undefined || question.periods + one.periods.length > periodsPerQuestion) {
      question = { lines: [], periods: 0 };
      open.set(feature, question);
      questions.push(question.lines);
    }
    question.lines.push(one);
    question.periods += one.periods.length;
  }
  return questions;
}

/** A fee asks nothing. */
const toMetered = (answer: Decision<readonly UsageAnswer[]> = { accepted: [] }): Decision<Metered> =>
  answer.refused === undefined
    ? { accepted: meteredFrom(answer.accepted.map(({ value }) => value)) }
    : answer;

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
