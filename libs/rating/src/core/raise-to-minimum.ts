import { roundToCurrency, sum } from '@ledgerline/kernel';
import { fullServicePeriod, isLastSplit, previouslyBilled, type Step } from './draft.js';
import { lineTotal, regularLine } from './priced-line.js';
import { isFlat } from '@ledgerline/catalog/core';

/** Charges what is missing to the minimum, once, with the last part of the service period. */
export const raiseToMinimum: Step = (draft) => {
  const { price, currency } = draft.input;
  const minimumAmount = isFlat(price) ? undefined : price.minimumAmount;
  if (minimumAmount === undefined || !isLastSplit(draft)) return { accepted: draft };
  const spent = sum(draft.lines.map((line) => lineTotal(line, currency))).plus(previouslyBilled(draft));
  const missing = roundToCurrency(minimumAmount.minus(spent), currency);
  if (!missing.greaterThan(0)) return { accepted: draft };
  const charge = regularLine(draft, { ref: 'min-spend', label: 'minimum spend', perUnitAmount: missing });
  // The promise was made for the whole service period, so the row carries that one, not the last part's.
  const commitment = { ...charge, category: 'commitment' as const, period: fullServicePeriod(draft) };
  return { accepted: { ...draft, lines: [...draft.lines, commitment] } };
};
