import { addDuration, approximateSeconds, type Duration } from './duration.js';
import { invariant } from './invariant.js';
import type { Period } from './period.js';
import { type Instant, isAtOrBefore } from './time.js';

/** Repeats every `interval` from `anchor`, in both directions. Steps are always anchor + n × interval, so they never drift. */
export interface Recurrence {
  readonly interval: Duration;
  readonly anchor: Instant;
}

/** The n-th recurrence; n may be negative. 31 January + 1 month is the last day of February. */
export const recurrenceAt = (recurrence: Recurrence, n: number): Instant =>
  n === 0 ? recurrence.anchor : addDuration(recurrence.anchor, recurrence.interval, n);

/** The greatest n whose recurrence is at or before `at`. */
export function recurrenceIndexAt(recurrence: Recurrence, at: Instant): number {
  const seconds = approximateSeconds(recurrence.interval);
  invariant(seconds > 0, 'a recurrence needs a positive interval');
  const distance = Number(at.epochNanoseconds - recurrence.anchor.epochNanoseconds) / 1e9;
  // The estimate is off by at most a few steps (month lengths), so both loops are short.
  let n = Math.floor(distance / seconds);
  while (!isAtOrBefore(recurrenceAt(recurrence, n), at)) n -= 1;
  while (isAtOrBefore(recurrenceAt(recurrence, n + 1), at)) n += 1;
  return n;
}

/** The period between two neighbouring recurrences that contains `at`. */
export function recurrencePeriodAt(recurrence: Recurrence, at: Instant): Period {
  const n = recurrenceIndexAt(recurrence, at);
  return { from: recurrenceAt(recurrence, n), to: recurrenceAt(recurrence, n + 1) };
}

/** The first recurrence at or after `at`. */
export function nextRecurrenceAtOrAfter(recurrence: Recurrence, at: Instant): Instant {
  const n = recurrenceIndexAt(recurrence, at);
  const here = recurrenceAt(recurrence, n);
  return isAtOrBefore(at, here) ? here : recurrenceAt(recurrence, n + 1);
}
