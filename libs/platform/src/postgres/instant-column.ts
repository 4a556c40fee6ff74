import { type Instant, instant, instantFromMs } from '@ledgerline/kernel';
import type { ValueTransformer } from 'typeorm';

/** Reads a timestamptz as pg delivers it. Milliseconds: what is kept finer was not written by us. */
export const instantFromDb = (value: Date | string): Instant =>
  value instanceof Date ? instantFromMs(value.getTime()) : instant(value);

/** Writes an instant for a timestamptz parameter, to the millisecond. */
export const instantToDb = (value: Instant): string => value.toString({ smallestUnit: 'millisecond' });

/** For EntitySchema columns of type timestamptz whose domain type is Instant. */
export const instantColumn: ValueTransformer = {
  from: (value: Date | string | null | undefined) =>
    value === null || value === undefined ? value : instantFromDb(value),
  to: (value: Instant | null | undefined) =>
    value === null || value === undefined ? value : new Date(value.epochMilliseconds),
};
