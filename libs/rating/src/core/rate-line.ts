import type { Decision } from '@ledgerline/kernel';
import { applyCredits } from './apply-credits.js';
import { capAtMaximum } from './cap-at-maximum.js';
import { discountPercent } from './discount-percent.js';
import { discountUsage } from './discount-usage.js';
import type { LineDraft, Step } from './draft.js';
import type { LineToRate, RatedLine } from './line.js';
import { isFlat } from '@ledgerline/catalog/core';
import { detailedLine } from './priced-line.js';
import { priceLine } from './price-line.js';
import { raiseToMinimum } from './raise-to-minimum.js';
import { refuseUnratable } from './refuse-unratable.js';
import { sumTotals } from './totals.js';

/** The invoice's footnote, in order of calculation. */
const usageSteps: readonly Step[] = [
  discountUsage,
  refuseUnratable,
  priceLine,
  discountPercent,
  capAtMaximum,
  raiseToMinimum,
  applyCredits,
];

/** A flat price has no usage to discount and no commitments. */
const flatSteps: readonly Step[] = [priceLine, discountPercent, applyCredits];

/** Turns one line's price and usage into the rows of its invoice, or says why it cannot. */
export function rateLine(input: LineToRate): Decision<RatedLine> {
  let draft: LineDraft = {
    input,
    quantity: input.meteredQuantity,
    preLinePeriodQuantity: input.meteredPreLinePeriodQuantity,
    usageDiscounts: [],
    lines: [],
  };
  for (const step of isFlat(input.price) ? flatSteps : usageSteps) {
    const next = step(draft);
    if (next.refused !== undefined) return next;
    draft = next.accepted;
  }
  return { accepted: rated(draft) };
}

function rated({ input, lines, quantity, preLinePeriodQuantity, usageDiscounts }: LineDraft): RatedLine {
  const detailedLines = lines.map((line) => detailedLine(line, input.currency));
  return {
    name: input.name,
    currency: input.currency,
    price: input.price,
    period: input.period,
    meteredQuantity: input.meteredQuantity,
    meteredPreLinePeriodQuantity: input.meteredPreLinePeriodQuantity,
    quantity,
    preLinePeriodQuantity,
    usageDiscounts,
    detailedLines,
    totals: sumTotals(detailedLines.map((line) => line.totals)),
  };
}
