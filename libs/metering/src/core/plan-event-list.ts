import type { EventCondition, EventCursor, EventListQuery, EventTimeColumn } from './event-query.js';
import { numberProblemSql, rawSql, textProblemSql } from './extract-sql.js';
import { type Meter, valueKindOf } from './meter.js';
import { Binder, type Statement } from './statement.js';
import type { StringFilter } from './string-filter.js';
import type { TimeFilter } from './time-filter.js';
import { filterSql } from './usage-sql.js';

const kindCodes = { number: 1, text: 2 } as const;
const noneFound = 'Array(Tuple(UInt32, UInt8, String))';
// A problem's sentence quotes the value; more of it helps nobody.
const quotedLengthMax = 256;

/**
 * A page is found without sorting the table: first the time of its last event, which reads one column, then the events from
 * there on. Times are compared as whole numbers: that is what the table's key can prune by.
 */
const columnSql: Readonly<Record<EventTimeColumn, string>> = {
  time: `CAST(time, 'Int64')`,
  ingested_at: 'toUnixTimestamp64Milli(ingested_at)',
};
const unboundedSql = `toInt64(-9223372036854775808)`;

/** Newest first, ties by id. `meters` are the live meters of the namespace. */
export function planEventList(query: EventListQuery, meters: readonly Meter[]): Statement {
  const binder = new Binder();
  const { orderBy, after, limit } = query;
  const key = columnSql[orderBy];
  const matching = [
    `namespace = ${binder.bind('String', query.namespace)}`,
    `status = 'ok'`,
    ...query.conditions.map((condition) => conditionSql(condition, binder)),
  ].join(' AND ');
  const before = after === undefined ? '' : ` AND ${key} < ${binder.bind('Int64', after.at)}`;
  const oldest = `SELECT if(count() = 0, ${unboundedSql}, min(key)) FROM (
        SELECT ${key} AS key FROM events WHERE ${matching}${before} ORDER BY ${orderBy} DESC LIMIT ${limit}
      )`;
  const order = `${orderBy} DESC, id DESC, kafka_partition DESC, kafka_offset DESC, index_in_record DESC`;
  return binder.statement(`SELECT id, source, type, subject, CAST(time, 'Int64') AS time_seconds, has_data,
    if(data_sent = '', data, data_sent) AS data_shown,
    toUnixTimestamp64Milli(ingested_at) AS ingested_ms, toUnixTimestamp64Milli(stored_at) AS stored_ms,
    kafka_partition, kafka_offset, index_in_record,
    arrayFilter(problem -> problem.2 != 0, arrayMap((meter, value_kind, raw) -> tuple(
      meter,
      multiIf(has_data = 0 OR data = 'null', 1, value_kind = ${kindCodes.number}, ${numberProblemSql}, ${textProblemSql}),
      substringUTF8(if(startsWith(raw, '"'), JSONExtractString(raw), raw), 1, ${quotedLengthMax})
    ), found.1, found.2, found.3)) AS problems
  FROM (
    SELECT *, ${foundSql(meters, binder)} AS found
    FROM (
      SELECT id, source, type, subject, time, has_data, data, data_sent, ingested_at, stored_at,
        kafka_partition, kafka_offset, index_in_record
      FROM events
      WHERE ${matching} AND ${key} >= (${oldest})${after === undefined ? '' : afterSql(after, key, binder)}
      ORDER BY ${order}
      LIMIT ${limit}
    )
  )
  ORDER BY ${order}`);
}

/** Strictly behind the cursor. The bound on time alone comes first: it is what lets the store skip. */
function afterSql({ at, id, place }: EventCursor, key: string, binder: Binder): string {
  const time = binder.bind('Int64', at);
  const bound = binder.bind('String', id);
  const sameId =
    place === undefined
      ? ''
      : ` OR (id = ${bound} AND (kafka_partition, kafka_offset, index_in_record) < (` +
        `${binder.bind('UInt16', place.partition)}, ${binder.bind('Int64', place.offset)}, ${binder.bind('UInt32', place.index)}))`;
  return ` AND ${key} <= ${time} AND (${key} < ${time} OR id < ${bound}${sameId})`;
}

function conditionSql(condition: EventCondition, binder: Binder): string {
  switch (condition.kind) {
    case 'id-contains':
      return `position(id, ${binder.bind('String', condition.text)}) > 0`;
    case 'time':
      return timeFilterSql(columnSql[condition.column], condition.filter, binder);
    case 'text':
      return textFilterSql(condition.column, condition.filter, binder);
  }
}

/** Lists at the top are written so that the store can look them up in its index. */
function textFilterSql(column: string, filter: StringFilter, binder: Binder): string {
  if (!('values' in filter) || filter.operator === '$nin') return filterSql(column, filter, binder);
  return filter.values.length === 0 ? '0' : `${column} IN ${binder.bind('Array(String)', filter.values)}`;
}

function timeFilterSql(column: string, filter: TimeFilter, binder: Binder): string {
  if (!('filters' in filter)) return `${column} ${filter.operator} ${binder.bind('Int64', filter.value)}`;
  const joint = filter.operator === '$and' ? ' AND ' : ' OR ';
  return `(${filter.filters.map((one) => timeFilterSql(column, one, binder)).join(joint)})`;
}

/** What each meter of the event's type that needs a value finds: its position, its kind and the raw JSON. */
function foundSql(meters: readonly Meter[], binder: Binder): string {
  const byType = new Map<string, string[]>();
  meters.forEach((meter, at) => {
    const kind = valueKindOf(meter.aggregation);
    if (kind === 'none' || meter.valueProperty === undefined) return;
    const found = `tuple(toUInt32(${at}), toUInt8(${kindCodes[kind]}), ${rawSql(meter.valueProperty, binder)})`;
    byType.set(meter.eventType, [...(byType.get(meter.eventType) ?? []), found]);
  });
  const none = `CAST([], '${noneFound}')`;
  if (byType.size === 0) return none;
  const branches = [...byType].map(
    ([type, found]) => `type = ${binder.bind('String', type)}, [${found.join(', ')}]`,
  );
  return `multiIf(${branches.join(',\n      ')}, ${none})`;
}
