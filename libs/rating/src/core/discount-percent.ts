import { roundToCurrency } from '@ledgerline/kernel';
import type { Step } from './draft.js';
import type { AmountDiscount, PricedLine } from './line.js';
import { lineTotal } from './priced-line.js';

/** Takes the rate card's percentage off every row, rounded row by row so that the rows still add up. */
export const discountPercent: Step = (draft) => {
  const discount = draft.input.discounts?.percentage;
  if (discount === undefined) return { accepted: draft };
  const { percentage, correlationId } = discount;
  const discounted = (line: PricedLine): PricedLine => {
    const { currency } = draft.input;
    const amount = roundToCurrency(lineTotal(line, currency).times(percentage).dividedBy(100), currency);
    if (amount.isZero()) return line; // nothing off is not worth a row
    const off: AmountDiscount = {
      childUniqueReferenceId: `rateCardDiscount/correlationID=${correlationId}`,
      amount,
      reason: { type: 'ratecard_percentage', percentage, correlationId },
    };
    return { ...line, amountDiscounts: [...line.amountDiscounts, off] };
  };
  return { accepted: { ...draft, lines: draft.lines.map(discounted) } };
};
