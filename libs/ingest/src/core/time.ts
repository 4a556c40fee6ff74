/** ClickHouse keeps DateTime64 from 1900 to 2299; a time outside has no row to go to. */
const EARLIEST_SECONDS = -2_208_988_800; // 1900-01-01T00:00:00Z
const BEYOND_SECONDS = 10_413_792_000; // 2300-01-01T00:00:00Z

export const isStorableTime = (seconds: number): boolean =>
  seconds >= EARLIEST_SECONDS && seconds < BEYOND_SECONDS;

const digit = (text: string, at: number): number => {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : Number.NaN;
};
// NaN spreads through the sum, so one comparison at the end sees every bad digit.
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1);
const within = (value: number, low: number, high: number): boolean => value >= low && value <= high;

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);

/** Days since 1970-01-01 of the proleptic Gregorian calendar; years counted from March put the leap day last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const isMark = (text: string, at: number, mark: number): boolean => text.charCodeAt(at) === mark;
const DASH = 45;
const DOT = 46;
const COLON = 58;
const PLUS = 43;
// Setting this bit makes an ASCII letter lower-case.
const LOWER = 32;
const LETTER_T = 116;
const LETTER_Z = 122;

/**
 * Whole epoch seconds of an RFC 3339 date-time, its fraction dropped; NaN when the text is none. Ours because it costs a
 * third of `Date.parse` and takes neither ISO week dates nor missing zones.
 *
 * A leap second counts as the second before it, so that it stays in the day it ends.
 */
export function parseRfc3339Seconds(text: string): number {
  const { length } = text;
  if (length < 20 || length > 64) return Number.NaN; // 64: more digits of a fraction than any clock has
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  const isShaped =
    isMark(text, 4, DASH) &&
    isMark(text, 7, DASH) &&
    (text.charCodeAt(10) | LOWER) === LETTER_T &&
    isMark(text, 13, COLON) &&
    isMark(text, 16, COLON) &&
    within(year, 0, 9999) &&
    within(month, 1, 12) &&
    within(day, 1, daysInMonth(year, month)) &&
    within(hour, 0, 23) &&
    within(minute, 0, 59) &&
    within(second, 0, 60);
  if (!isShaped) return Number.NaN;
  const offsetMinutes = parseOffset(text, skipFraction(text, 19));
  const utcMinutes = daysSinceEpoch(year, month, day) * 1440 + hour * 60 + minute - offsetMinutes;
  if (second < 60) return utcMinutes * 60 + second;
  return isLastMinuteOfDay(utcMinutes) ? utcMinutes * 60 + 59 : Number.NaN;
}

// Leap seconds are inserted at the end of a UTC day only.
const isLastMinuteOfDay = (utcMinutes: number): boolean => (((utcMinutes + 1) % 1440) + 1440) % 1440 === 0;

function skipFraction(text: string, from: number): number {
  if (!isMark(text, from, DOT)) return from;
  let at = from + 1;
  while (within(text.charCodeAt(at), 48, 57)) at += 1;
  return at === from + 1 ? Number.NaN : at;
}

/** Minutes east of UTC, NaN when what stands at `at` is no zone. */
function parseOffset(text: string, at: number): number {
  const mark = text.charCodeAt(at);
  if ((mark | LOWER) === LETTER_Z) return at + 1 === text.length ? 0 : Number.NaN;
  if ((mark !== PLUS && mark !== DASH) || at + 6 !== text.length || !isMark(text, at + 3, COLON)) {
    return Number.NaN;
  }
  const hours = two(text, at + 1);
  const minutes = two(text, at + 4);
  if (!within(hours, 0, 23) || !within(minutes, 0, 59)) return Number.NaN;
  return (mark === DASH ? -1 : 1) * (hours * 60 + minutes);
}
