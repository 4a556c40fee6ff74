import { isFlat, isVolume, type Price } from '@ledgerline/catalog/core';

export type MeterAggregation = 'SUM' | 'COUNT' | 'AVG' | 'MIN' | 'MAX' | 'UNIQUE_COUNT' | 'LATEST';

/** Whether a line may be billed in parts before its period ends, and if not, why. */
export type Splitability =
  | { readonly splittable: true }
  | { readonly splittable: false; readonly reason: 'flat-price' | 'volume-tiers' | 'aggregation' };

/** Aggregations whose value up to now only grows, so that a part is the difference of two readings. */
const cumulative: ReadonlySet<MeterAggregation> = new Set(['SUM', 'COUNT', 'MAX', 'UNIQUE_COUNT']);

/** `aggregation` is absent for a price without a meter. */
export function splitability(price: Price, aggregation: MeterAggregation | undefined): Splitability {
  if (isFlat(price)) return { splittable: false, reason: 'flat-price' };
  if (isVolume(price)) return { splittable: false, reason: 'volume-tiers' };
  if (aggregation === undefined || !cumulative.has(aggregation)) {
    return { splittable: false, reason: 'aggregation' };
  }
  return { splittable: true };
}
