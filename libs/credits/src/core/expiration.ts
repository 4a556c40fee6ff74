import { type Instant, invariant, type Temporal } from '@ledgerline/kernel';

export type ExpirationUnit = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'YEAR';

export interface Expiration {
  readonly duration: ExpirationUnit;
  readonly count: number;
}

const approximateHours: Readonly<Record<ExpirationUnit, number>> = {
  HOUR: 1,
  DAY: 24,
  WEEK: 168,
  MONTH: 731,
  YEAR: 8_766,
};

/** 1,000 years: far beyond any contract, and the instant can still be written as RFC 3339 and stored by Postgres. */
export const expirationHoursMax = 1_000 * 8_766;

export const isExpirationAcceptable = ({ duration, count }: Expiration): boolean =>
  Number.isInteger(count) && count >= 1 && count * approximateHours[duration] <= expirationHoursMax;

/**
 * The exclusive end of a grant. Months and years overflow into the next month (31 January + 1 month = 3 March) while
 * recurrences clip: clients of the original rely on it.
 */
export function expirationAt<T extends Instant>(effectiveAt: T, expiration: Expiration): T {
  invariant(isExpirationAcceptable(expiration), 'an expiration needs a whole, positive, storable length');
  const start = effectiveAt.toZonedDateTimeISO('UTC');
  const { count } = expiration;
  switch (expiration.duration) {
    // Whole hours and days keep the alignment of the start, so the result is as aligned as the argument was.
    case 'HOUR':
      return effectiveAt.add({ hours: count }) as T;
    case 'DAY':
      return start.add({ days: count }).toInstant() as T;
    case 'WEEK':
      return start.add({ days: 7 * count }).toInstant() as T;
    case 'MONTH':
      return overflowing(start, { months: count }) as T;
    case 'YEAR':
      return overflowing(start, { years: count }) as T;
  }
}

// From the first of the month no calendar step clips; the days are counted on from there.
const overflowing = (start: Temporal.ZonedDateTime, step: { months?: number; years?: number }): Instant =>
  start
    .with({ day: 1 })
    .add(step)
    .add({ days: start.day - 1 })
    .toInstant();
