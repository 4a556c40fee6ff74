import { isBefore, type Instant, instant } from './time.js';
import { refusal, type Refusal } from './refusal.js';

const from = instant('1900-01-01T00:00:00Z');
const to = instant('3000-01-01T00:00:00Z');

/** 1900 to 3000: even 1,000 years later RFC 3339 and Postgres can still write it. */
export function refuseFarInstant(field: string, at: Instant | undefined): Refusal | undefined {
  if (at === undefined || (!isBefore(at, from) && isBefore(at, to))) return undefined;
  return refusal.invalidField(field, 'time_out_of_range', 'must lie between the years 1900 and 3000');
}
