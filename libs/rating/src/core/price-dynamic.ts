import { roundToCurrency } from '@ledgerline/kernel';
import type { LineDraft } from './draft.js';
import type { PricedLine } from './line.js';
import type { DynamicPrice } from '@ledgerline/catalog/core';
import { regularLine } from './priced-line.js';

/** The usage is an amount of money: it is shown as one piece that costs usage × multiplier. */
export function priceDynamic(draft: LineDraft, price: DynamicPrice): readonly PricedLine[] {
  if (!draft.quantity.greaterThan(0)) return [];
  const amount = roundToCurrency(draft.quantity.times(price.multiplier), draft.input.currency);
  return [regularLine(draft, { ref: 'usage', label: 'usage in period', perUnitAmount: amount })];
}
