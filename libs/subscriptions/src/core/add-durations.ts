import { type Duration, Temporal } from '@ledgerline/kernel';

export const noDuration: Duration = new Temporal.Duration();

/** Part by part, so that a month stays a month: P1M and P2W are P1M2W, whatever month it will be. */
export const addDurations = (a: Duration, b: Duration): Duration =>
  Temporal.Duration.from({
    years: a.years + b.years,
    months: a.months + b.months,
    weeks: a.weeks + b.weeks,
    days: a.days + b.days,
    hours: a.hours + b.hours,
    minutes: a.minutes + b.minutes,
    seconds: a.seconds + b.seconds,
    milliseconds: a.milliseconds + b.milliseconds,
    microseconds: a.microseconds + b.microseconds,
    nanoseconds: a.nanoseconds + b.nanoseconds,
  });
