import type { UsageEvent } from '@ledgerline/contract';

// What DateTime64 can show: 1900-01-01 to 2299-12-31. Outside of it the table would hold another time than was sent.
const timeSecondsMin = -2_208_988_800;
const timeSecondsMax = 10_413_791_999;

/** Why a row is invalid, for counters; the row itself says it in words. */
export type InvalidReason = 'unreadable' | 'time' | 'arrival';
export type DuplicateReason = 'stored' | 'same-batch';

export interface Verdict {
  readonly reason: InvalidReason;
  readonly text: string;
}

/** Why an event cannot be counted; undefined when it can. Ingest has checked all else. */
export function verdictAgainst(event: UsageEvent): Verdict | undefined {
  if (event.timeSeconds < timeSecondsMin || event.timeSeconds > timeSecondsMax) {
    return { reason: 'time', text: `time ${event.timeSeconds} s lies outside of 1900 to 2299` };
  }
  if (event.ingestedAtMs < 0 || event.ingestedAtMs > timeSecondsMax * 1000) {
    return {
      reason: 'arrival',
      text: `time of arrival ${event.ingestedAtMs} ms lies outside of 1970 to 2299`,
    };
  }
  return undefined;
}

export interface RawText {
  readonly text: string;
  readonly encoding: 'utf-8' | 'base64';
}

/** The bytes of an unreadable record as text that gives them back exactly. */
export function rawTextOf(value: Buffer | null): RawText {
  const text = value?.toString('utf8') ?? '';
  // Bytes that are no UTF-8 became replacement characters, so they do not come back.
  if (value === null || Buffer.from(text, 'utf8').equals(value)) return { text, encoding: 'utf-8' };
  return { text: value.toString('base64'), encoding: 'base64' };
}
