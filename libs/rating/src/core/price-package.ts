import { type Decimal, ZERO } from '@ledgerline/kernel';
import { isFirstSplit, type LineDraft } from './draft.js';
import type { PricedLine } from './line.js';
import type { PackagePrice } from '@ledgerline/catalog/core';
import { regularLine } from './priced-line.js';

/** How many packages a quantity opens. */
export const packageCount = (quantity: Decimal, quantityPerPackage: Decimal): Decimal =>
  quantity.dividedBy(quantityPerPackage).ceil();

/** The packages opened so far, less those that earlier parts have paid for. */
export function pricePackage(draft: LineDraft, price: PackagePrice): readonly PricedLine[] {
  const { quantity, preLinePeriodQuantity: before } = draft;
  const opened = packageCount(before.plus(quantity), price.quantityPerPackage);
  const paid = isFirstSplit(draft) ? ZERO : packageCount(before, price.quantityPerPackage);
  const packages = opened.minus(paid);
  // May be negative: usage corrected downwards gives back a package that an earlier part has charged.
  if (packages.isZero()) return [];
  return [
    regularLine(draft, {
      ref: 'usage',
      label: 'usage in period',
      perUnitAmount: price.amount,
      quantity: packages,
    }),
  ];
}
