import type { components, OpRequest } from '@ledgerline/contract';
import {
  acceptedOrThrow,
  type Instant,
  instantFromMs,
  refusal,
  Refused,
  toRfc3339,
} from '@ledgerline/kernel';
import {
  type CursorParts,
  cursorFromText,
  cursorToText,
  type EventPageInput,
} from '../core/read-event-page.js';
import { readOperator, refuse } from '../core/string-filter.js';
import type { TimeFilterInput } from '../core/time-filter.js';
import type { ExplainedEvent } from '../use-cases/list-events.js';
import { instantFromApi } from './convert.js';

type Schemas = components['schemas'];
type PageQuery = OpRequest<'listEventsV2'>['query'];
type PageFilter = NonNullable<PageQuery['filter']>;

export function eventPageFromApi(query: PageQuery): EventPageInput & {
  readonly customerIds: readonly string[] | undefined;
  readonly clientId: string | undefined;
} {
  const { filter = {}, cursor, limit, clientId } = query;
  refuseUnknownFields(filter);
  return {
    clientId,
    limit,
    cursor: cursor === undefined ? undefined : cursorFromApi(cursor),
    customerIds: customerIdsFromApi(filter.customerId),
    filter: {
      id: filter.id,
      source: filter.source,
      subject: filter.subject,
      type: filter.type,
      time: timeFilterFromApi('filter.time', filter.time),
      ingestedAt: timeFilterFromApi('filter.ingestedAt', filter.ingestedAt),
    },
  };
}

const filterFields = ['id', 'source', 'subject', 'type', 'customerId', 'time', 'ingestedAt'];

/** Whoever misspells a field would get every event for the few that were asked for. */
function refuseUnknownFields(filter: PageFilter): void {
  const unknown = Object.keys(filter).find((name) => !filterFields.includes(name));
  if (unknown !== undefined) {
    throw new Refused(refuse('filter', `unknown field ${unknown.slice(0, 32)}`).refused);
  }
}

function customerIdsFromApi(filter: PageFilter['customerId']): readonly string[] | undefined {
  const operator = acceptedOrThrow(readOperator(filter ?? {}, 'filter.customerId'));
  if (operator === undefined || operator === '$in') return filter?.$in ?? undefined;
  throw new Refused(refuse('filter.customerId', `only $in can be used, not ${operator}`).refused);
}

function timeFilterFromApi(
  field: string,
  filter: Schemas['FilterTime'] | undefined,
): TimeFilterInput | undefined {
  if (filter === undefined) return undefined;
  const read = (operator: '$gt' | '$gte' | '$lt' | '$lte'): Instant | undefined => {
    const text = filter[operator];
    return text === undefined || text === null ? undefined : instantFromApi(`${field}.${operator}`, text);
  };
  const each = (operator: '$and' | '$or'): readonly TimeFilterInput[] | undefined =>
    filter[operator]?.map((one, at) => timeFilterFromApi(`${field}.${operator}[${at}]`, one) ?? {});
  return {
    // What we do not know stays there to be refused by name.
    ...filter,
    $gt: read('$gt'),
    $gte: read('$gte'),
    $lt: read('$lt'),
    $lte: read('$lte'),
    $and: each('$and'),
    $or: each('$or'),
  };
}

const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function cursorFromApi(cursor: string): CursorParts {
  // A plus that was not encoded arrives as a space.
  const base64 = cursor.replaceAll(' ', '+');
  const parts = base64Pattern.test(base64) ? cursorFromBytes(Buffer.from(base64, 'base64')) : undefined;
  if (parts === undefined) {
    throw new Refused(refusal.invalidField('cursor', 'cursor', 'is not a cursor that this list has given'));
  }
  return parts;
}

function cursorFromBytes(bytes: Buffer): CursorParts | undefined {
  const text = bytes.toString('utf8');
  // Bytes that are no UTF-8 do not come back.
  return Buffer.from(text, 'utf8').equals(bytes) ? cursorFromText(text, instantOrNone) : undefined;
}

function instantOrNone(text: string): Instant | undefined {
  try {
    return instantFromApi('cursor', text);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

const cursorToApi = (cursor: CursorParts): string =>
  Buffer.from(cursorToText(cursor), 'utf8').toString('base64');

/**
 * The list as JSON text, because `data` is shown as it was sent: read into an object and written again, a number of more
 * digits than a double has would change.
 */
export function eventsToApiText(events: readonly ExplainedEvent[]): string {
  return `[${events.map(eventToApiText).join(',')}]`;
}

export function eventPageToApiText(page: {
  readonly events: readonly ExplainedEvent[];
  readonly next: CursorParts | undefined;
}): string {
  const next = page.next === undefined ? '' : `,"nextCursor":${JSON.stringify(cursorToApi(page.next))}`;
  return `{"items":${eventsToApiText(page.events)}${next}}`;
}

function eventToApiText({ event, customerId, validationError }: ExplainedEvent): string {
  const shown: Omit<Schemas['Event'], 'data'> = {
    id: event.id,
    source: event.source,
    specversion: '1.0',
    type: event.type,
    subject: event.subject,
    time: toRfc3339(instantFromMs(event.timeSeconds * 1000)),
    ...(event.data === undefined ? {} : { datacontenttype: 'application/json' }),
  };
  const about: Omit<Schemas['IngestedEvent'], 'event'> = {
    ...(customerId === undefined ? {} : { customerId }),
    ingestedAt: toRfc3339(instantFromMs(event.ingestedAtMs)),
    storedAt: toRfc3339(instantFromMs(event.storedAtMs)),
    ...(validationError === undefined ? {} : { validationError }),
  };
  const envelope = JSON.stringify(shown);
  const data = event.data === undefined ? envelope : `${envelope.slice(0, -1)},"data":${event.data}}`;
  return `{"event":${data},${JSON.stringify(about).slice(1)}`;
}
