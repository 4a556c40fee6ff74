import { unreachable } from '@ledgerline/kernel';
import type { LineDraft, Step } from './draft.js';
import type { PricedLine } from './line.js';
import { priceDynamic } from './price-dynamic.js';
import { priceFlat } from './price-flat.js';
import { priceGraduated } from './price-graduated.js';
import { pricePackage } from './price-package.js';
import { priceUnit } from './price-unit.js';
import { priceVolume } from './price-volume.js';

/** Price × usage, one row per thing that is charged. */
export const priceLine: Step = (draft) => ({ accepted: { ...draft, lines: priced(draft) } });

function priced(draft: LineDraft): readonly PricedLine[] {
  const { price } = draft.input;
  switch (price.type) {
    case 'flat':
      return priceFlat(draft, price);
    case 'unit':
      return priceUnit(draft, price);
    case 'dynamic':
      return priceDynamic(draft, price);
    case 'package':
      return pricePackage(draft, price);
    case 'tiered':
      return price.mode === 'volume' ? priceVolume(draft, price) : priceGraduated(draft, price);
    default:
      return unreachable(price);
  }
}
