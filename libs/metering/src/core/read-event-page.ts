import { type Decision, type Instant, instantFromMs, toRfc3339 } from '@ledgerline/kernel';
import type {
  EventCondition,
  EventCursor,
  EventListQuery,
  EventPlace,
  EventTimeColumn,
  ListedEvent,
} from './event-query.js';
import { eventsMax } from './read-event-list.js';
import { readStringFilter, refuse, type StringFilterInput } from './string-filter.js';
import { readTimeFilter, type TimeFilterInput } from './time-filter.js';

/** What a caller of the paged list asks for. */
export interface EventPageInput {
  readonly filter: {
    readonly id?: StringFilterInput | undefined;
    readonly source?: StringFilterInput | undefined;
    readonly subject?: StringFilterInput | undefined;
    readonly type?: StringFilterInput | undefined;
    readonly time?: TimeFilterInput | undefined;
    readonly ingestedAt?: TimeFilterInput | undefined;
  };
  readonly cursor?: CursorParts | undefined;
  readonly limit?: number | undefined;
}

/** A cursor as it travels: the time and id of the last event of a page. */
export interface CursorParts {
  readonly at: Instant;
  readonly id: string;
  readonly place?: EventPlace | undefined;
}

// As upstream: a filter may join plain conditions once.
const depthMax = 1;
const unitMs: Readonly<Record<EventTimeColumn, number>> = { time: 1000, ingested_at: 1 };

export function readEventPage(
  input: EventPageInput,
  facts: { readonly namespace: string; readonly customerKeys: readonly string[] | undefined },
): Decision<EventListQuery> {
  const { filter } = input;
  const conditions: EventCondition[] = [];
  for (const column of ['id', 'source', 'subject', 'type'] as const) {
    const read = readStringFilter(filter[column] ?? {}, `filter.${column}`, depthMax);
    if (read.refused !== undefined) return read;
    if (read.accepted !== undefined) conditions.push({ kind: 'text', column, filter: read.accepted });
  }
  const times: EventTimeColumn[] = [];
  for (const [name, column] of [
    ['time', 'time'],
    ['ingestedAt', 'ingested_at'],
  ] as const) {
    const field = { field: `filter.${name}`, unitMs: unitMs[column], depthMax };
    const read = readTimeFilter(filter[name] ?? {}, field);
    if (read.refused !== undefined) return read;
    if (read.accepted === undefined) continue;
    times.push(column);
    conditions.push({ kind: 'time', column, filter: read.accepted });
  }
  if (times.length > 1) return refuse('filter', 'time and ingestedAt cannot be used together');
  if (facts.customerKeys !== undefined) {
    const values = facts.customerKeys;
    conditions.push({ kind: 'text', column: 'subject', filter: { operator: '$in', values } });
  }
  const orderBy = times[0] ?? 'time';
  return {
    accepted: {
      namespace: facts.namespace,
      conditions,
      orderBy,
      after: input.cursor === undefined ? undefined : cursorOf(input.cursor, orderBy),
      limit: input.limit ?? eventsMax,
    },
  };
}

/** An instant between two units lies before all events of the earlier one: no id is left out. */
function cursorOf({ at, id, place }: CursorParts, orderBy: EventTimeColumn): EventCursor {
  const unit = unitMs[orderBy];
  const ns = at.epochNanoseconds;
  const perUnit = BigInt(unit) * 1_000_000n;
  const floor = Number((ns - (((ns % perUnit) + perUnit) % perUnit)) / perUnit);
  return ns % perUnit === 0n ? { at: floor, id, place } : { at: floor + 1, id: '' };
}

/** A page and the cursor behind it, from one event more than the page holds. */
export function cutPage(
  query: EventListQuery,
  found: readonly ListedEvent[],
): { readonly events: readonly ListedEvent[]; readonly next: CursorParts | undefined } {
  const events = found.slice(0, query.limit);
  const last = events.at(-1);
  if (last === undefined) return { events, next: undefined };
  const following = found[query.limit];
  const isTied =
    following !== undefined && following.id === last.id && keyOf(following, query) === keyOf(last, query);
  const next = { at: instantFromMs(keyOf(last, query) * unitMs[query.orderBy]), id: last.id };
  return { events, next: isTied ? { ...next, place: last.place } : next };
}

const keyOf = (event: ListedEvent, { orderBy }: EventListQuery): number =>
  orderBy === 'time' ? event.timeSeconds : event.ingestedAtMs;

// No id can hold one, so what follows it is ours: the place of an event that shares time and id with the next.
const placeMark = '\0';
const textPattern = /^([^,]{20,35}),([^\0]+)(?:\0(\d{1,5}):(\d{1,15}):(\d{1,10}))?$/su;

export const cursorToText = ({ at, id, place }: CursorParts): string =>
  `${toRfc3339(at)},${id}` +
  (place === undefined ? '' : `${placeMark}${place.partition}:${place.offset}:${place.index}`);

/** `readInstant` answers undefined for what is no point in time. */
export function cursorFromText(
  text: string,
  readInstant: (text: string) => Instant | undefined,
): CursorParts | undefined {
  const match = textPattern.exec(text);
  const [, time = '', id = '', partition, offset, index] = match ?? [];
  const at = match === null ? undefined : readInstant(time);
  if (at === undefined) return undefined;
  if (partition === undefined) return { at, id };
  const place = { partition: Number(partition), offset: Number(offset), index: Number(index) };
  return place.partition > 0xffff || place.index > 0xffff_ffff ? undefined : { at, id, place };
}
