import { isFlat } from '@ledgerline/catalog/core';
import { type Decimal, ONE, type Period, sameInstant, ZERO } from '@ledgerline/kernel';
import type { Line, Metered, SplitGroup } from './line.js';

/** Periods to ask the meter for, in the order in which `meteredFrom` takes the answers. None for a fee. */
export function usagePeriods(
  line: Pick<Line, 'price' | 'period'>,
  group: Pick<SplitGroup, 'period'> | undefined,
): readonly Period[] {
  if (isFlat(line.price)) return [];
  const from = group?.period.from ?? line.period.from;
  if (sameInstant(from, line.period.from)) return [line.period];
  // A later part is the difference of two readings from the start, which also holds for MAX and UNIQUE_COUNT.
  return [
    { from, to: line.period.from },
    { from, to: line.period.to },
  ];
}

export function meteredFrom(usage: readonly Decimal[]): Metered {
  const [first, second] = usage;
  if (first === undefined) return { quantity: ONE, preLinePeriodQuantity: ZERO };
  if (second === undefined) return { quantity: first, preLinePeriodQuantity: ZERO };
  return { quantity: second.minus(first), preLinePeriodQuantity: first };
}
