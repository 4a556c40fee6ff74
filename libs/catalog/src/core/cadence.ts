import { approximateSeconds, type Duration } from '@ledgerline/kernel';

const daysPerMonth = [28, 29, 30, 31] as const;
const hoursPerDay = [23, 24, 25] as const;

/** Nanoseconds of a duration in a calendar whose months and days all have the given length. */
function nanosecondsIn(duration: Duration, monthDays: number, dayHours: number): bigint {
  const months = BigInt(duration.years) * 12n + BigInt(duration.months);
  const days = months * BigInt(monthDays) + BigInt(duration.weeks) * 7n + BigInt(duration.days);
  const hours = days * BigInt(dayHours) + BigInt(duration.hours);
  const seconds = (hours * 60n + BigInt(duration.minutes)) * 60n + BigInt(duration.seconds);
  const fraction =
    BigInt(duration.milliseconds) * 1_000_000n +
    BigInt(duration.microseconds) * 1_000n +
    BigInt(duration.nanoseconds);
  return seconds * 1_000_000_000n + fraction;
}

/**
 * Whether `larger` is a whole number of `smaller`, whatever the lengths of months and days turn out to be: a year is
 * twelve months and a day of 23, 24 or 25 hours is whole hours, but no month is whole weeks.
 */
export function isDivisibleBy(larger: Duration, smaller: Duration): boolean {
  return daysPerMonth.every((monthDays) =>
    hoursPerDay.every((dayHours) => {
      const whole = nanosecondsIn(larger, monthDays, dayHours);
      const part = nanosecondsIn(smaller, monthDays, dayHours);
      return part !== 0n && whole % part === 0n && whole / part > 0n;
    }),
  );
}

/** Periods of two aligned cadences begin together again and again: one is a whole number of the other. */
export const areCadencesAligned = (a: Duration, b: Duration): boolean =>
  isDivisibleBy(a, b) || isDivisibleBy(b, a);

/** The cadences that a plan can be billed in, as they are written. */
export const planBillingCadences: readonly string[] = [
  'P1W',
  'P2W',
  'P4W',
  'P1M',
  'P3M',
  'P6M',
  'P12M',
  'P1Y',
];

/** Below an hour, periods would be shorter than what invoicing and entitlements resolve. */
export const isShorterThanAnHour = (duration: Duration): boolean => approximateSeconds(duration) < 3_600;
export const isNotPositive = (duration: Duration): boolean => approximateSeconds(duration) <= 0;
