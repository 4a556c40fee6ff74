import { yearMonthOf } from './batch.js';

// Retention: whole months of arrival leave a table, behind a mark that says how far it was filled.

/** What leaves: rows that arrived in a month before `month` and speak of a time before `seconds`. */
export interface RetentionCutoff {
  /** Like 202611. */
  readonly month: number;
  /** First second of that month. From here on every answer stays what it was. */
  readonly seconds: number;
}

/** Rows of one part and how many of them leave. */
export interface PartCensus {
  readonly name: string;
  readonly rows: number;
  readonly leaving: number;
}

/** One table with retention. What is asked twice is done once: every step may be repeated after a crash. */
export interface RetainedTable {
  /** Months before `month` that have rows, oldest first. */
  months(month: number): Promise<readonly number[]>;
  /** Parts of one month. Who leaves was fixed by constants, so that a part that changes meanwhile changes nothing. */
  census(month: number): Promise<readonly PartCensus[]>;
  /** Writes how far the leaving rows of the month reach, into a month that stays. */
  keepMarks(month: number): Promise<void>;
  /** `gone`: a merge has taken the part into another one. */
  dropPart(name: string): Promise<'dropped' | 'gone'>;
  /** Deletes the leaving rows of parts that also hold rows that stay. */
  deleteLeaving(month: number): Promise<void>;
}

export interface MonthDrop {
  readonly month: number;
  readonly rows: number;
  /** Rows that stay although their month is over: dated later, or still needed. */
  readonly held: number;
}

/** What must be true of an event besides its age before it may leave. */
export interface EventsTerms {
  readonly cutoff: RetentionCutoff;
  /** Last offset per Kafka partition that readings are built of; events beyond it stay. */
  readonly builtTo: ReadonlyMap<number, number>;
  /** Events that arrived since then stay: a resent one must be recognised. */
  readonly neededSinceMs: number;
  /** The month that markers are written into. */
  readonly currentMonth: number;
}

/** `months` full months stay besides the current one. */
export function decideCutoff(nowMs: number, months: number): RetentionCutoff {
  const current = yearMonthOf(nowMs);
  const count = Math.floor(current / 100) * 12 + (current % 100) - 1 - months;
  const [year, month] = [Math.floor(count / 12), count % 12];
  return { month: year * 100 + month + 1, seconds: Date.UTC(year, month, 1) / 1000 };
}
