import { isFirstSplit, isLastSplit, type LineDraft } from './draft.js';
import type { PricedLine } from './line.js';
import type { FlatPrice } from '@ledgerline/catalog/core';
import { regularLine } from './priced-line.js';

/** Once per service period: with the first part when paid in advance, with the last when in arrears. */
export function priceFlat(draft: LineDraft, price: FlatPrice): readonly PricedLine[] {
  const { amount, paymentTerm } = price;
  const isDue = paymentTerm === 'in_advance' ? isFirstSplit(draft) : isLastSplit(draft);
  return isDue ? [regularLine(draft, { ref: 'flat-price', perUnitAmount: amount, paymentTerm })] : [];
}
