import { type Instant, Temporal } from './time.js';

export type Duration = Temporal.Duration;

const component = '([+-]?\\d+(?:\\.\\d{1,9})?)';
const isoPattern = new RegExp(
  `^([+-])?P(?:${component}Y)?(?:${component}M)?(?:${component}W)?(?:${component}D)?` +
    `(?:T(?:${component}H)?(?:${component}M)?(?:${component}S)?)?$`,
);

/**
 * Reads an ISO 8601 duration; fractions only in the seconds. A sign may stand before the P or before the components,
 * as long as all components end up with the same sign. Undefined when the text is no such duration.
 */
export function parseDuration(text: string): Duration | undefined {
  const match = text.length <= 64 ? isoPattern.exec(text) : null; // 64: longer text is no duration anyone means
  if (match === null || /P$|T$/.test(text)) return undefined;
  const sign = match[1] === '-' ? -1 : 1;
  const groups: readonly (string | undefined)[] = match.slice(2);
  const parts = groups.map((part) => (part === undefined ? 0 : Number(part) * sign));
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  if ([years, months, weeks, days, hours, minutes].some((part) => !Number.isSafeInteger(part)))
    return undefined;
  const nanoseconds = Math.round((seconds - Math.trunc(seconds)) * 1e9);
  const fields = { years, months, weeks, days, hours, minutes, seconds: Math.trunc(seconds), nanoseconds };
  try {
    return Temporal.Duration.from(fields);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // mixed signs or out of range
    throw error;
  }
}

/** Adds calendar years and months with the day clipped to the month's last, then weeks and days, then clock units. UTC. */
export function addDuration(at: Instant, duration: Duration, times = 1): Instant {
  const scaled =
    times === 1
      ? duration
      : Temporal.Duration.from({
          years: duration.years * times,
          months: duration.months * times,
          weeks: duration.weeks * times,
          days: duration.days * times,
          hours: duration.hours * times,
          minutes: duration.minutes * times,
          seconds: duration.seconds * times,
          milliseconds: duration.milliseconds * times,
          microseconds: duration.microseconds * times,
          nanoseconds: duration.nanoseconds * times,
        });
  return at.toZonedDateTimeISO('UTC').add(scaled).toInstant();
}

/** An estimate good enough to find a recurrence's index; a step count around it is then checked exactly. */
export function approximateSeconds(duration: Duration): number {
  return (
    duration.years * 31_556_952 +
    duration.months * 2_629_746 +
    duration.weeks * 604_800 +
    duration.days * 86_400 +
    duration.hours * 3_600 +
    duration.minutes * 60 +
    duration.seconds +
    duration.milliseconds / 1e3 +
    duration.microseconds / 1e6 +
    duration.nanoseconds / 1e9
  );
}
