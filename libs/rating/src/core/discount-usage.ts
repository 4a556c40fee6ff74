import { min, sum, ZERO } from '@ledgerline/kernel';
import { earlierSplits, type LineDraft, type Step, unratable } from './draft.js';
import type { LineDiscounts, UsageDiscount } from './line.js';

type FreeUnits = NonNullable<LineDiscounts['usage']>;

const usedByEarlierSplits = (draft: LineDraft, discount: FreeUnits) =>
  sum(
    earlierSplits(draft)
      .flatMap((split) => split.usageDiscounts)
      .filter((used) => used.correlationId === discount.correlationId)
      .map((used) => used.quantity),
  );

/** Takes the free units off the metered quantity, as far as earlier splits have left any. */
export const discountUsage: Step = (draft) => {
  const discount = draft.input.discounts?.usage;
  if (discount === undefined) return { accepted: draft };
  const used = usedByEarlierSplits(draft, discount);
  const remaining = discount.quantity.minus(used);
  if (remaining.isNegative() && !remaining.isZero()) {
    return unratable(
      'invoice_line_usage_discount_overused',
      `earlier parts of the line have used more units of the usage discount than it grants`,
      '$.discounts.usage',
    );
  }
  // Usage can be negative (a corrected SUM meter); then there is nothing to give away.
  const free = min(remaining, draft.quantity);
  const recorded: UsageDiscount = {
    reason: 'ratecard_usage',
    correlationId: discount.correlationId,
    quantity: free,
    preLinePeriodQuantity: used,
  };
  const applies = free.greaterThan(ZERO);
  return {
    accepted: {
      ...draft,
      quantity: applies ? draft.quantity.minus(free) : draft.quantity,
      // What was free does not move later usage up the tiers.
      preLinePeriodQuantity: draft.preLinePeriodQuantity.minus(used),
      usageDiscounts: applies ? [...draft.usageDiscounts, recorded] : draft.usageDiscounts,
    },
  };
};
