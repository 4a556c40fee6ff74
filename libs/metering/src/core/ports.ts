import type { Db, Tx } from '@ledgerline/kernel';
import type { MeterUse } from './decide-meter.js';
import type { Extraction, Meter, MeterVersion } from './meter.js';
import type { CustomerKeys, UsageRow } from './meter-query.js';
import type { Chunk, ReadingRange } from './plan-chunk.js';
import type { Progress } from './progress.js';
import type { Verification, VerificationScope } from './plan-verification.js';
import type { Statement } from './statement.js';

/** Meters and their versions in Postgres. */
export interface MeterStore {
  /** By id, deleted or not, or by the slug of a live meter; an id wins. */
  find(db: Db, idOrSlug: string): Promise<Meter | undefined>;
  findLive(db: Db, slug: string): Promise<Meter | undefined>;
  /** Locks the row until the transaction ends, so that two changes follow each other. */
  findForChange(tx: Tx, idOrSlug: string): Promise<Meter | undefined>;
  /** Until the transaction ends nobody else adds, changes or removes a version of any meter. */
  lockSet(tx: Tx): Promise<void>;
  list(db: Db, query: MeterListQuery): Promise<readonly Meter[]>;
  /** Throws a conflict refusal when a live meter has the slug. Raises the generation. */
  insert(tx: Tx, meter: Meter): Promise<void>;
  /** Writes the changed fields; with `newVersion` also the version, raising the generation. */
  update(tx: Tx, meter: Meter, newVersion: boolean): Promise<void>;
  /** Raises the generation: no chunk after it includes the meter. */
  delete(tx: Tx, meter: Meter): Promise<void>;
}

export const meterOrders = ['key', 'name', 'aggregation', 'createdAt', 'updatedAt'] as const;
export type MeterOrder = (typeof meterOrders)[number];

export interface MeterListQuery {
  readonly includeDeleted: boolean;
  readonly orderBy: MeterOrder;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** All versions that chunks include, as of one moment. */
export interface MeterSet {
  /** Grows with every change of the set; a chunk names the generation it was built with. */
  readonly generation: bigint;
  readonly versions: readonly IncludedVersion[];
}

export interface IncludedVersion {
  readonly extraction: Extraction;
  /** The first generation that includes it. */
  readonly sinceGeneration: bigint;
  readonly complete: boolean;
}

/** Where the main stream took a version over: chunks from this offset on include it. */
export interface LiveFrom {
  readonly partition: number;
  readonly offset: number;
}

export interface MeterVersionStore {
  generation(): Promise<bigint>;
  meterSet(): Promise<MeterSet>;
  /** The newest complete version of a meter and the generation at the same moment. */
  newestComplete(
    db: Db,
    meterId: string,
  ): Promise<{ readonly version: MeterVersion | undefined; readonly generation: bigint }>;
  /** Commits that the version is not included before these offsets; an offset on record is only ever raised. */
  raiseLiveFrom(versions: readonly IncludedVersion[], from: readonly LiveFrom[]): Promise<void>;
  liveFrom(meterId: string, version: number): Promise<readonly LiveFrom[]>;
  /** Records that readings of the version cover everything; older versions leave the set. */
  complete(meterId: string, version: number): Promise<void>;
}

/** How far a stream of readings goes in one partition. */
export interface ReadingsMark {
  readonly partition: number;
  /** Last offset with readings; −1 where there are none. */
  readonly offset: number;
  readonly generation: bigint;
}

/** Events of one partition and batch month within a range: what a chunk may be cut from. */
export interface EventRun {
  readonly partition: number;
  readonly batchMonth: number;
  readonly first: number;
  readonly last: number;
  readonly events: number;
  /** Whose events they are, namespace and type; undefined when too many to list. */
  readonly types: readonly (readonly [string, string])[] | undefined;
}

/** Whose events count: those of one meter, or all. */
export type EventFilter = Pick<Extraction, 'namespace' | 'eventType'> | undefined;

export interface ReadingsStore {
  marks(stream: Pick<Extraction, 'meterId' | 'version'> | 'main'): Promise<readonly ReadingsMark[]>;
  /** Last stored offset of every partition that has events. */
  eventMarks(): Promise<readonly { readonly partition: number; readonly offset: number }[]>;
  eventRuns(ranges: readonly ReadingRange[], filter: EventFilter): Promise<readonly EventRun[]>;
  /** The offset at which the range has had `maxEvents` events, at most; the range's end when it has fewer. */
  cutRange(range: ReadingRange, filter: EventFilter, maxEvents: number): Promise<number>;
  /** `refused`: the mark or the generation is not what the chunk was planned on; nothing was written. */
  append(chunk: Chunk): Promise<'stored' | 'refused'>;
  /** Whether an insert of readings is running, whoever sent it. */
  appending(): Promise<boolean>;
}

/** One builder at a time over all processes. */
export interface BuilderLock {
  /**
   * Runs `work` when nobody else is building; `undefined` when somebody is. `takenOver` tells that another process built
   * last, so that an insert of its may still be running.
   */
  tryRun<T>(work: (takenOver: boolean) => Promise<T>): Promise<T | undefined>;
}

/** A query whose progress somebody asked for. */
export interface WatchedQuery {
  /** Unique: by it the query is found among those that run. */
  readonly tag: string;
  /** Told once, at the end, how many rows were read. */
  readonly onRead: (rows: number) => void;
}

/** Looks at queries while they run. */
export interface QueryWatch {
  /** Undefined when no query of the tag is running now. */
  progressOf(tag: string): Promise<Pick<Progress, 'success' | 'total'> | undefined>;
}

/** Where progress is kept for a few minutes. Losing it costs the progress only. */
export interface ProgressStore {
  put(namespace: string, id: string, progress: Progress): Promise<void>;
  find(namespace: string, id: string): Promise<Progress | undefined>;
}

export interface UsageStore {
  timeZones(): Promise<ReadonlySet<string>>;
  /** Refused as 'meters-moved' when readings belong to a set of meters that the plan did not know. */
  meterRows(
    statement: Statement,
    groups: number,
    watched?: WatchedQuery,
  ): Promise<readonly UsageRow[] | 'meters-moved'>;
  periodRows(statement: Statement): Promise<readonly PeriodRow[] | 'meters-moved'>;
}

/** Lists and counts that are read as they are. */
export interface MeterValuesStore {
  /** The first column of each row. */
  texts(statement: Statement): Promise<readonly string[]>;
  counts(statement: Statement): Promise<readonly (readonly [string, string])[]>;
}

export interface PeriodRow {
  /** Position in the list asked for, from 0. */
  readonly period: number;
  /** A window of the period, or the period as a whole. */
  readonly isWindow: boolean;
  readonly startSeconds: number;
  readonly value: string | null;
  readonly count: string;
}

/** Compares what is stored with what it was made from. */
export interface VerificationStore {
  /** The first UTC day that differs, how many do, and how many rows were compared. */
  compareDays(
    what: Verification,
    scope: VerificationScope,
  ): Promise<{ readonly firstDay: number | undefined; readonly days: number; readonly rows: number }>;
  /** The first rows that only one side has: its name, then the columns as texts. */
  compareRows(what: Verification, scope: VerificationScope): Promise<readonly (readonly string[])[]>;
}

export const USAGE_ATTRIBUTION = Symbol('metering.USAGE_ATTRIBUTION');
export const METER_USE = Symbol('metering.METER_USE');

export const SUBJECT_NAMES = Symbol('metering.SUBJECT_NAMES');

/** Asked of the customers room: what subjects are called. */
export interface SubjectNamesLookup {
  /** Those of the keys that exist as a subject, with their display names. */
  subjectNames(db: Db, keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>>;
}

/** Asked of the customers room: whose events are whose. */
export interface UsageAttributionLookup {
  /** The customers of these ids that exist, in no particular order; keys with the customer's own first. */
  customersById(db: Db, ids: readonly string[]): Promise<readonly CustomerKeys[]>;
  /** The live customer's id for each of these subjects that belongs to one. */
  customerIdsOfSubjects(db: Db, subjects: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Asked of the catalog and entitlements: what stands on a meter. */
export interface MeterUseLookup {
  meterUse(db: Db, meterId: string): Promise<MeterUse>;
  /** Group keys that filters of active features on the meter name. */
  groupByKeysInUse(db: Db, meterId: string): Promise<readonly string[]>;
}
