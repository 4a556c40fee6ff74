import {
  type Db,
  floorToMinute,
  type Instant,
  invariant,
  type MinuteInstant,
  parseDuration,
  type Recurrence,
} from '@ledgerline/kernel';
import { instantFromDb, instantToDb } from '@ledgerline/platform/postgres';

export const instantOrNull = (at: Instant | undefined): string | null =>
  at === undefined ? null : instantToDb(at);
export const jsonOrNull = (value: object | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value);

export const optionalInstant = (at: Date | null): Instant | undefined =>
  at === null ? undefined : instantFromDb(at);
export const minute = (at: Date): MinuteInstant => floorToMinute(instantFromDb(at));
export const optionalMinute = (at: Date | null): MinuteInstant | undefined =>
  at === null ? undefined : minute(at);

export function recurrenceFromDb(interval: string | null, anchor: Date | null): Recurrence | undefined {
  if (interval === null || anchor === null) return undefined;
  const duration = parseDuration(interval);
  invariant(duration !== undefined, 'an interval that was written can be read');
  return { interval: duration, anchor: instantFromDb(anchor) };
}

/** Clauses joined by AND and their values; `bind` gives the placeholder of one more value. */
export function whereOf(db: Db): {
  readonly clauses: string[];
  readonly values: unknown[];
  readonly bind: (value: unknown) => string;
} {
  const values: unknown[] = [db.namespace];
  return { clauses: ['namespace = $1'], values, bind: (value) => `$${values.push(value)}` };
}

/** `($1, …), (…)` for rows of a fixed width. */
export const placeholders = (rows: number, width: number): string =>
  Array.from({ length: rows }, (_, row) => {
    const row0 = row * width;
    return `(${Array.from({ length: width }, (__, column) => `$${row0 + column + 1}`).join(', ')})`;
  }).join(', ');
