import type { LineDraft } from './draft.js';
import type { PricedLine } from './line.js';
import type { UnitPrice } from '@ledgerline/catalog/core';
import { regularLine } from './priced-line.js';

/** Quantity × amount. */
export function priceUnit(draft: LineDraft, price: UnitPrice): readonly PricedLine[] {
  const { quantity } = draft;
  if (!quantity.greaterThan(0)) return [];
  return [
    regularLine(draft, {
      ref: 'unit-price-usage',
      label: 'usage in period',
      perUnitAmount: price.amount,
      quantity,
    }),
  ];
}
