import type { Decision } from '@ledgerline/kernel';
import { type LineDraft, type Step, unratable } from './draft.js';
import { isVolume, type Tier } from '@ledgerline/catalog/core';

/** Says no where a price would give a wrong amount instead of an error. Catalog refuses most of it on write. */
export const refuseUnratable: Step = (draft) => {
  const { price } = draft.input;
  if (price.type === 'package' && !price.quantityPerPackage.greaterThan(0)) {
    return unratable(
      'invoice_line_package_quantity_not_positive',
      'a package must hold more than zero units',
      '$.price.quantityPerPackage',
    );
  }
  if (isVolume(price) && !draft.preLinePeriodQuantity.isZero()) {
    // Earlier parts cannot know the final tier. The code's name says "graduated"; clients know it by that name.
    return unratable(
      'invoice_line_graduated_split_not_supported',
      'volume tiers cannot be billed in parts: the line has usage before its period',
      '$.price',
    );
  }
  return price.type === 'tiered' ? refuseTiers(draft, price.tiers) : { accepted: draft };
};

function refuseTiers(draft: LineDraft, tiers: readonly Tier[]): Decision<LineDraft> {
  if (tiers.length === 0) {
    return unratable('invoice_line_no_tiers', 'a tiered price needs at least one tier', '$.price.tiers');
  }
  const openEnded = tiers.filter((tier) => tier.upToAmount === undefined).length;
  if (openEnded === 0) {
    return unratable(
      'invoice_line_missing_open_ended_tier',
      'a tiered price needs a last tier without an upper bound',
      '$.price.tiers',
    );
  }
  if (openEnded > 1) {
    return unratable(
      'invoice_line_multiple_open_ended_tiers',
      'a tiered price can have only one tier without an upper bound',
      '$.price.tiers',
    );
  }
  return { accepted: draft };
}
