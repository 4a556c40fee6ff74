import {
  floorToMinute,
  invariant,
  type MinuteInstant,
  parseDuration,
  type Recurrence,
} from '@ledgerline/kernel';
import { instantFromDb } from '@ledgerline/platform/postgres';

export const minute = (at: Date): MinuteInstant => floorToMinute(instantFromDb(at));
export const optionalMinute = (at: Date | null): MinuteInstant | undefined =>
  at === null ? undefined : minute(at);

export function recurrenceFromDb(interval: string | null, anchor: Date | null): Recurrence | undefined {
  if (interval === null || anchor === null) return undefined;
  const duration = parseDuration(interval);
  invariant(duration !== undefined, 'an interval that was written can be read');
  return { interval: duration, anchor: instantFromDb(anchor) };
}

/** `($1, …), (…)` for rows of a fixed width. */
export const placeholders = (rows: number, width: number): string =>
  Array.from({ length: rows }, (_, row) => {
    const row0 = row * width;
    return `(${Array.from({ length: width }, (__, column) => `$${row0 + column + 1}`).join(', ')})`;
  }).join(', ');
