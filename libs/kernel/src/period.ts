import { compareInstants, earliest, type Instant, isAtOrBefore, isBefore, latest } from './time.js';

/** A half-open span of time: `from` is inside, `to` is not. */
export interface Period {
  readonly from: Instant;
  readonly to: Instant;
}

export const periodContains = (period: Period, at: Instant): boolean =>
  isAtOrBefore(period.from, at) && isBefore(at, period.to);

export const isEmptyPeriod = (period: Period): boolean => isAtOrBefore(period.to, period.from);

/** The common part; undefined when the two do not meet. Touching periods meet in an empty one. */
export function intersectPeriods(a: Period, b: Period): Period | undefined {
  const from = latest(a.from, b.from);
  const to = earliest(a.to, b.to);
  return compareInstants(from, to) > 0 ? undefined : { from, to };
}

export const periodNanoseconds = (period: Period): bigint =>
  period.to.epochNanoseconds - period.from.epochNanoseconds;

export const samePeriod = (a: Period, b: Period): boolean =>
  compareInstants(a.from, b.from) === 0 && compareInstants(a.to, b.to) === 0;
