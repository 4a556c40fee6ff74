import type { StringFilter } from './string-filter.js';
import type { TimeFilter } from './time-filter.js';

/** What a listed event must satisfy. Event time counts in seconds, arrival in milliseconds since the epoch. */
export type EventCondition =
  | { readonly kind: 'text'; readonly column: EventTextColumn; readonly filter: StringFilter }
  | { readonly kind: 'id-contains'; readonly text: string }
  | { readonly kind: 'time'; readonly column: EventTimeColumn; readonly filter: TimeFilter };

export type EventTextColumn = 'id' | 'source' | 'subject' | 'type';
export type EventTimeColumn = 'time' | 'ingested_at';

/** Where an event stands in the log. No two share one. */
export interface EventPlace {
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

/** The last event of a page: what follows is strictly before it. */
export interface EventCursor {
  /** In the unit of the column that orders the list. */
  readonly at: number;
  readonly id: string;
  /** Only where the next event has the same time and id: then the place in the log decides. */
  readonly place?: EventPlace | undefined;
}

/** A checked list request: newest first by `orderBy`, then by id. */
export interface EventListQuery {
  readonly namespace: string;
  readonly conditions: readonly EventCondition[];
  readonly orderBy: EventTimeColumn;
  readonly after?: EventCursor | undefined;
  readonly limit: number;
}

/** One stored usage event with what each meter of its type makes of it. */
export interface ListedEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly timeSeconds: number;
  /** JSON text as it was sent; undefined where there was no data. */
  readonly data: string | undefined;
  readonly ingestedAtMs: number;
  readonly storedAtMs: number;
  readonly place: EventPlace;
  /** Meters by their position in the list that the statement was planned with. */
  readonly problems: readonly { readonly meter: number; readonly code: number; readonly text: string }[];
}
