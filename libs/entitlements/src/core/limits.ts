import type { CreditAccount } from '@ledgerline/credits/core';
import {
  approximateSeconds,
  type Duration,
  earliest,
  type Instant,
  refusal,
  type Refusal,
  toRfc3339,
} from '@ledgerline/kernel';

export { refuseFarInstant } from '@ledgerline/kernel';

/** Each is a step of every balance from then on; a year of hourly ones has 8,766. */
export const stepsAtStartMax = 10_000;
/** Five years of hourly usage periods; a balance takes 0.1 ms for each, so these are 5 s. */
export const stepsOfBalanceMax = 50_000;
/** All grants of an entitlement are read for a balance: about 100 ms at this number. */
export const grantsMax = 50_000;

/** Each is read with its entitlement; a reset every hour for a year is 8,760. */
export const resetsMax = 10_000;

/** How often the interval passes between the two instants, about; never negative. */
export const stepsBetween = (interval: Duration, after: Instant, until: Instant): number =>
  Math.max(0, (until.epochMilliseconds - after.epochMilliseconds) / 1_000 / approximateSeconds(interval));

/** Refuses what would keep a process busy for longer than a request may take. */
export function refuseLongRun(account: CreditAccount, at: Instant): Refusal | undefined {
  const resets = account.usagePeriods.map(({ interval, from: start }) => stepsBetween(interval, start, at));
  const topUps = account.grants.map(({ recurrence, effectiveAt, expiresAt }) =>
    recurrence === undefined
      ? 0
      : stepsBetween(
          recurrence.interval,
          effectiveAt,
          expiresAt === undefined ? at : earliest(expiresAt, at),
        ),
  );
  const steps = [...resets, ...topUps].reduce((a, b) => a + b, 0);
  return steps <= stepsOfBalanceMax
    ? undefined
    : refusal.invalid(
        `the balance at ${toRfc3339(at)} lies more than ${stepsOfBalanceMax} resets and recurrences away`,
      );
}
