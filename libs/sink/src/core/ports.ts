// What the sink needs from the world. One row of `events` per usage event; see `migrations/clickhouse/001-events.sql`.

/** One Kafka record. Offsets are below 2^53 in any log that fits on a disk. */
export interface LogRecord {
  readonly offset: number;
  /** The broker's time of arrival. */
  readonly appendedAtMs: number;
  readonly value: Buffer | null;
  /** Traces of requests whose events are in the record, separated by commas; undefined for nearly all. */
  readonly traceparents?: string | undefined;
}

/** Neighbouring records of one partition, in order. */
export interface LogChunk {
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Offset the partition's next record will get. */
  readonly endOffset: number;
  /** The log was sought or handed to someone else since this chunk was fetched. */
  isStale(): boolean;
  /** Reading goes on after this offset. */
  taken(offset: number): void;
  /** Keeps the membership alive during a long wait; throws when the partitions are being handed out anew. */
  pulse(): Promise<void>;
}

export interface LogBounds {
  readonly startOffset: number;
  readonly endOffset: number;
}

export interface LogListener {
  /** Called with all partitions this process holds from now on, before the first chunk of any of them. */
  assigned(partitions: readonly number[]): void;
  take(chunk: LogChunk): Promise<void>;
}

/** The topic `usage-events`, read by the members of one group. */
export interface UsageLog {
  open(listener: LogListener): Promise<void>;
  seek(partition: number, offset: number): void;
  /** Empty when the broker says that there is no such log. */
  bounds(): Promise<ReadonlyMap<number, LogBounds>>;
  /** Leaves the group and joins it again. */
  rejoin(): void;
  /** Tells monitoring how far is stored; nothing reads it back. */
  hintStored(nextOffsets: ReadonlyMap<number, number>): void;
  close(): Promise<void>;
}

/** How far a partition is stored, according to the table. */
export interface Mark {
  /** The first offset that is not stored. */
  readonly nextOffset: number;
  /** Fingerprint of an event in the last stored record; absent while nothing is stored. */
  readonly fingerprint?: bigint;
  /** Latest arrival of a stored event, epoch milliseconds; 0 while nothing is stored. */
  readonly latestIngestedAtMs: number;
}

/** What the table knows under a fingerprint: an event that was counted. */
export interface StoredIdentity {
  readonly namespace: string;
  readonly source: string;
  readonly id: string;
  readonly ingestedAtMs: number;
}

export interface OffsetRange {
  readonly from: number;
  /** First offset after the range. */
  readonly to: number;
}

/** One insert. */
export interface EventsInsert {
  readonly claim: string;
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  readonly batchMonth: number;
  /** RowBinary in the order of `rowStructure`. */
  readonly rows: Buffer;
}

/**
 * `claim-lost` and `mark-moved`: the store refused, nothing was written. `unknown`: it may have been written, now or a moment
 * later, so only a new claim and a look at the marks can tell.
 */
export type InsertOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'claim-lost' | 'mark-moved' | 'unknown'; readonly reason: string };

/** Where counted events of a partition are still to be loaded into the filters. */
export interface FingerprintScope {
  readonly partition: number;
  readonly fromOffset: number;
  readonly sinceMs: number;
}

export interface FingerprintCount {
  readonly week: number;
  readonly keys: number;
}

export interface EventsStore {
  /** Makes `claim` the only one that may store these partitions, and returns when no older insert is still running. */
  claim(partitions: readonly number[], claim: string): Promise<void>;
  marks(partitions: readonly number[]): Promise<ReadonlyMap<number, Mark>>;
  /** How far one of the partitions is stored; undefined while nothing is stored at all. */
  anyMark(): Promise<{ readonly partition: number; readonly nextOffset: number } | undefined>;
  insert(insert: EventsInsert): Promise<InsertOutcome>;
  identities(
    partitions: readonly number[],
    fingerprints: readonly bigint[],
    sinceMs: number,
  ): Promise<readonly StoredIdentity[]>;
  countFingerprints(scope: FingerprintScope): Promise<readonly FingerprintCount[]>;
  readFingerprints(
    scope: FingerprintScope,
    each: (week: number, high: number, low: number) => void,
  ): Promise<void>;
}

/**
 * Turns stored events into readings; the table says how far it came. Called after every stored batch and at start, never
 * twice at a time.
 */
export interface ReadingsBuilder {
  advance(): Promise<void>;
}
