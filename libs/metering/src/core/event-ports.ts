import type { EventListQuery, EventPlace, ListedEvent } from './event-query.js';
import type { Meter } from './meter.js';
import type { WatchedQuery } from './ports.js';

/** One delivery of an event as the table tells it. */
export interface StoredSending {
  readonly status: 'ok' | 'duplicate' | 'invalid';
  /** Why an invalid one is not counted; empty otherwise. */
  readonly reason: string;
  readonly type: string;
  readonly subject: string;
  readonly timeSeconds: number;
  readonly ingestedAtMs: number;
  readonly storedAtMs: number;
  readonly place: EventPlace;
}

/** What one meter reads out of one event. */
export interface MeterSight {
  /** The meter by its position in the list asked with. */
  readonly meter: number;
  /** The number of SUM and its like, as decimal text; null where there is none. */
  readonly value: string | null;
  /** The text that UNIQUE_COUNT tells apart; null where there is none. */
  readonly text: string | null;
  readonly dimensions: readonly string[];
  /** As `describeReadingProblem` knows it; 0 when the value can be read. */
  readonly code: number;
  readonly quoted: string;
}

export interface SentEvent {
  readonly namespace: string;
  readonly source: string;
  readonly id: string;
}

/** A reading that is built of one event. */
export interface BuiltReading {
  readonly meterId: string;
  readonly version: number;
}

/** Questions about single events. */
export interface EventStore {
  /** Newest first. */
  list(
    query: EventListQuery,
    meters: readonly Meter[],
    watched?: WatchedQuery,
  ): Promise<readonly ListedEvent[]>;
  /** Every delivery of the event in the order of the log, at most `max`. */
  sendings(event: SentEvent, max: number): Promise<readonly StoredSending[]>;
  /** What the meters read out of the event at that place. */
  sights(event: SentEvent, place: EventPlace, meters: readonly Meter[]): Promise<readonly MeterSight[]>;
  readings(
    namespace: string,
    sending: Pick<StoredSending, 'subject' | 'timeSeconds' | 'place'>,
    meterIds: readonly string[],
  ): Promise<readonly BuiltReading[]>;
}

export interface StageMarks {
  readonly partition: number;
  /** First offset that is not stored. */
  readonly stored: number;
  /** First offset of which no readings are built. */
  readonly readings: number;
}

export interface DeliveredCounts {
  readonly ok: number;
  readonly duplicate: number;
  readonly invalid: number;
}

export interface StoredTally {
  readonly marks: readonly StageMarks[];
  /** By partition: events of the namespace. */
  readonly counts: ReadonlyMap<number, DeliveredCounts>;
  /** By partition: records that nobody could read, which belong to no namespace. */
  readonly unreadable: ReadonlyMap<number, number>;
}

/** Bounds on arrival in milliseconds since the epoch; start included, end excluded. */
export interface ArrivalBounds {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** How far what is stored reaches. */
export interface CompletenessStore {
  /** Marks and counts of one moment. */
  tally(namespace: string, bounds: ArrivalBounds): Promise<StoredTally>;
  /** By partition: how long the oldest stored event has waited for its readings. Only partitions where one does. */
  buildingMs(marks: readonly StageMarks[]): Promise<ReadonlyMap<number, number>>;
}

/** How far the log reaches; `LogEnds` of the platform. */
export interface UsageLogEnds {
  ends(): Promise<ReadonlyMap<number, number>>;
  waitingAtMostMs(from: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number | undefined>>;
}
