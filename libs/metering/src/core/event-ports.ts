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
