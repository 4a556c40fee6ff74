export { maximumSpendDiscount } from './cap-at-maximum.js';
export { explain, explainTotals } from './explain.js';
export {
  asEarlierSplit,
  type AmountDiscount,
  type Credit,
  type DetailedLine,
  type EarlierSplit,
  type LineDiscounts,
  type LineToRate,
  type PricedLine,
  type RatedLine,
  type UsageDiscount,
} from './line.js';
export { packageCount } from './price-package.js';
export { rateLine } from './rate-line.js';
export { type MeterAggregation, splitability, type Splitability } from './splitability.js';
export { graduatedAmount, graduatedParts, type TierPart, volumeTierOf } from './tiers.js';
export { strikeTotals, sumTotals, type Totals, type TotalsParts } from './totals.js';
