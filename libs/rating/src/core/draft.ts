import {
  type Decimal,
  type Decision,
  isAtOrBefore,
  refusal,
  sameInstant,
  sum,
  type Refusal,
  type RefusalIssue,
} from '@ledgerline/kernel';
import type { EarlierSplit, LineToRate, PricedLine, UsageDiscount } from './line.js';

/** A line on its way through the pipeline: the input, and what the steps so far have made of it. */
export interface LineDraft {
  readonly input: LineToRate;
  readonly quantity: Decimal;
  readonly preLinePeriodQuantity: Decimal;
  readonly usageDiscounts: readonly UsageDiscount[];
  readonly lines: readonly PricedLine[];
}

export type Step = (draft: LineDraft) => Decision<LineDraft>;

/** The line cannot be rated; invoicing shows the reason as a critical validation issue. */
export function unratable(code: string, message: string, field?: string): { readonly refused: Refusal } {
  const issue: RefusalIssue = {
    code,
    message,
    severity: 'critical',
    component: 'openmeter',
    ...(field === undefined ? {} : { field }),
  };
  return { refused: refusal.invalid(message, { issues: [issue] }) };
}

const fullPeriod = (input: LineToRate): LineToRate['period'] => input.groupPeriod ?? input.period;

/** The service period that commitments speak about: the group's, or the line's own when it was never split. */
export const fullServicePeriod = (draft: LineDraft): LineToRate['period'] => fullPeriod(draft.input);

/** Nothing of the service period was billed before this line. An unsplit line is both first and last. */
export const isFirstSplit = ({ input }: LineDraft): boolean =>
  sameInstant(input.period.from, fullPeriod(input).from);

/** Nothing of the service period will be billed after this line. */
export const isLastSplit = ({ input }: LineDraft): boolean =>
  sameInstant(input.period.to, fullPeriod(input).to);

/** Splits that end where this line starts, or before. */
export const earlierSplits = ({ input }: LineDraft): readonly EarlierSplit[] =>
  (input.earlierSplits ?? []).filter((split) => isAtOrBefore(split.period.to, input.period.from));

/**
 * What the earlier splits have billed, before their discounts. Copied from the reference as it is: an earlier
 * percentage discount therefore does not leave more room under the maximum.
 */
export const previouslyBilled = (draft: LineDraft): Decimal =>
  sum(earlierSplits(draft).map((split) => split.amount));
