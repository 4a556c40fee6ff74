import { approximateSeconds, type Duration, parseDuration, Temporal } from '@ledgerline/kernel';

export type IntervalName = 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';

const named: Readonly<Record<IntervalName, Duration>> = {
  DAY: Temporal.Duration.from('P1D'),
  WEEK: Temporal.Duration.from('P1W'),
  MONTH: Temporal.Duration.from('P1M'),
  YEAR: Temporal.Duration.from('P1Y'),
};

const isIntervalName = (text: string): text is IntervalName => Object.hasOwn(named, text);

// One hour: the least the original accepts for usage periods. It also bounds the phases a year of recurrences makes.
const secondsMin = 3_600;
// 1,000 years, as for expirations.
const secondsMax = 1_000 * 31_556_952;

/** Reads DAY, WEEK, MONTH, YEAR (in any case) or an ISO 8601 duration; undefined when it is no interval to repeat. */
export function parseInterval(text: string): Duration | undefined {
  const name = text.toUpperCase();
  const interval = isIntervalName(name) ? named[name] : parseDuration(text);
  return interval !== undefined && isIntervalAcceptable(interval) ? interval : undefined;
}

export function isIntervalAcceptable(interval: Duration): boolean {
  const seconds = approximateSeconds(interval);
  return seconds >= secondsMin && seconds <= secondsMax;
}

/** The name an answer shows for an interval; undefined when it has none and the ISO text is shown instead. */
export function intervalName(interval: Duration): IntervalName | undefined {
  const months = interval.years * 12 + interval.months;
  const days = interval.weeks * 7 + interval.days;
  const clock = approximateSeconds(interval.with({ years: 0, months: 0, weeks: 0, days: 0 }));
  if (clock !== 0 || (months !== 0 && days !== 0)) return undefined;
  if (months === 1) return 'MONTH';
  if (months === 12) return 'YEAR';
  if (days === 1) return 'DAY';
  return days === 7 ? 'WEEK' : undefined;
}
