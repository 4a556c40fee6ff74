import { isFirstSplit, type LineDraft } from './draft.js';
import type { PricedLine } from './line.js';
import type { GraduatedPrice } from '@ledgerline/catalog/core';
import { regularLine } from './priced-line.js';
import { graduatedParts, type TierPart } from './tiers.js';

/** Every tier that this part's usage passes through: first its units, then its fee if the tier begins here. */
export function priceGraduated(draft: LineDraft, price: GraduatedPrice): readonly PricedLine[] {
  const before = draft.preLinePeriodQuantity;
  return graduatedParts(price.tiers, before, before.plus(draft.quantity)).flatMap((part) => [
    ...unitsOf(draft, part),
    ...feeOf(draft, part),
  ]);
}

function unitsOf(draft: LineDraft, { number, tier, quantity }: TierPart): readonly PricedLine[] {
  if (tier.unitPrice === undefined) return [];
  return [
    regularLine(draft, {
      ref: `graduated-tiered-${number}-price-usage`,
      label: `usage price for tier ${number}`,
      perUnitAmount: tier.unitPrice,
      quantity,
    }),
  ];
}

function feeOf(draft: LineDraft, { number, tier, entered }: TierPart): readonly PricedLine[] {
  // The first tier begins at zero, where several parts without usage may stand; only the first of them pays its fee.
  const isDue = entered && (number > 1 || isFirstSplit(draft));
  if (tier.flatPrice === undefined || !isDue) return [];
  return [
    regularLine(draft, {
      ref: `graduated-tiered-${number}-flat-price`,
      label: `flat price for tier ${number}`,
      perUnitAmount: tier.flatPrice,
    }),
  ];
}
