import { isLastSplit, type LineDraft } from './draft.js';
import type { PricedLine } from './line.js';
import type { VolumePrice } from '@ledgerline/catalog/core';
import { regularLine } from './priced-line.js';
import { volumeTierOf } from './tiers.js';

/** One tier for the whole quantity. Rated only at the period's end: earlier parts cannot know the final tier. */
export function priceVolume(draft: LineDraft, price: VolumePrice): readonly PricedLine[] {
  if (!isLastSplit(draft)) return [];
  const { quantity } = draft;
  const { number, tier } = volumeTierOf(price.tiers, quantity);
  const lines: PricedLine[] = [];
  // The fee is due without usage too.
  if (tier.flatPrice !== undefined) {
    lines.push(
      regularLine(draft, {
        ref: 'volume-flat-price',
        label: `flat price for tier ${number}`,
        perUnitAmount: tier.flatPrice,
      }),
    );
  }
  if (tier.unitPrice !== undefined && !quantity.isZero()) {
    lines.push(
      regularLine(draft, {
        ref: 'volume-tiered-price',
        label: `unit price for tier ${number}`,
        perUnitAmount: tier.unitPrice,
        quantity,
      }),
    );
  }
  return lines;
}
