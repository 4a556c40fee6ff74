import { type Currency, type Decimal, roundToCurrency, toNumeric } from '@ledgerline/kernel';
import { previouslyBilled, type Step } from './draft.js';
import type { AmountDiscount, PricedLine } from './line.js';
import { lineTotal } from './priced-line.js';
import { isFlat } from '@ledgerline/catalog/core';

/** What must come off a row so that it and everything billed before it stay within the maximum. */
export function maximumSpendDiscount(cap: {
  readonly lineTotal: Decimal;
  readonly billedBefore: Decimal;
  readonly maximumAmount: Decimal;
  readonly currency: Currency;
}): AmountDiscount | undefined {
  const maximum = roundToCurrency(cap.maximumAmount, cap.currency);
  const before = roundToCurrency(cap.billedBefore, cap.currency);
  const excess = before.plus(cap.lineTotal).minus(maximum);
  if (!excess.greaterThan(0)) return undefined;
  const amount = before.greaterThanOrEqualTo(maximum) ? cap.lineTotal : excess;
  if (amount.isZero()) return undefined; // nothing off is not worth a row
  return {
    childUniqueReferenceId: 'line_maximum_spend',
    amount,
    reason: { type: 'maximum_spend' },
    description: `Maximum spend discount for charges over ${toNumeric(maximum)}`,
  };
}

/** Rows are capped in order: what is billed first counts first. */
export const capAtMaximum: Step = (draft) => {
  const { price, currency } = draft.input;
  const maximumAmount = isFlat(price) ? undefined : price.maximumAmount;
  if (maximumAmount === undefined) return { accepted: draft };
  let billedBefore = previouslyBilled(draft);
  const lines = draft.lines.map((line): PricedLine => {
    const total = lineTotal(line, currency);
    const discount = maximumSpendDiscount({ lineTotal: total, billedBefore, maximumAmount, currency });
    // The row counts in full even where it was capped: previous amounts are before discounts as well.
    billedBefore = billedBefore.plus(total);
    return discount === undefined ? line : { ...line, amountDiscounts: [...line.amountDiscounts, discount] };
  });
  return { accepted: { ...draft, lines } };
};
