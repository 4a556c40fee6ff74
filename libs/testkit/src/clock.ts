import { instant, type Clock, type Instant } from '@ledgerline/kernel';

/** A clock that stands still until it is set. */
export interface FixedClock extends Clock {
  set(at: Instant | string): void;
}

/** `at` is an instant or its RFC 3339 text. */
export function fixedClock(at: Instant | string): FixedClock {
  const read = (value: Instant | string): Instant => (typeof value === 'string' ? instant(value) : value);
  let now = read(at);
  return {
    now: () => now,
    set(next) {
      now = read(next);
    },
  };
}
