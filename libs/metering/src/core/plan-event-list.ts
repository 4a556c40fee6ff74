import { numberProblemSql, rawSql, textProblemSql } from './extract-sql.js';
import { type Meter, valueKindOf } from './meter.js';
import { Binder, type Statement } from './statement.js';

/** A checked list request: all bounds in milliseconds or seconds since the epoch, ends excluded. */
export interface EventListQuery {
  readonly namespace: string;
  readonly idContains: string | undefined;
  readonly subjects: readonly string[] | undefined;
  readonly fromSeconds: number;
  readonly toSeconds: number | undefined;
  readonly ingestedFromMs: number | undefined;
  readonly ingestedToMs: number | undefined;
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
  /** Meters by their position in the list that the statement was planned with. */
  readonly problems: readonly { readonly meter: number; readonly code: number; readonly text: string }[];
}

const kindCodes = { number: 1, text: 2 } as const;
const noneFound = 'Array(Tuple(UInt32, UInt8, String))';
// A problem's sentence quotes the value; more of it helps nobody.
const quotedLengthMax = 256;

/** Newest first, ties by id. `meters` are the live meters of the namespace. */
export function planEventList(query: EventListQuery, meters: readonly Meter[]): Statement {
  const binder = new Binder();
  const conditions = [
    `namespace = ${binder.bind('String', query.namespace)}`,
    `status = 'ok'`,
    `time >= toDateTime64(${binder.bind('Int64', query.fromSeconds)}, 0, 'UTC')`,
    ...(query.toSeconds === undefined
      ? []
      : [`time < toDateTime64(${binder.bind('Int64', query.toSeconds)}, 0, 'UTC')`]),
    ...(query.ingestedFromMs === undefined
      ? []
      : [`ingested_at >= fromUnixTimestamp64Milli(${binder.bind('Int64', query.ingestedFromMs)}, 'UTC')`]),
    ...(query.ingestedToMs === undefined
      ? []
      : [`ingested_at < fromUnixTimestamp64Milli(${binder.bind('Int64', query.ingestedToMs)}, 'UTC')`]),
    ...(query.idContains === undefined
      ? []
      : [`position(id, ${binder.bind('String', query.idContains)}) > 0`]),
    ...(query.subjects === undefined
      ? []
      : [`has(${binder.bind('Array(String)', query.subjects)}, subject)`]),
  ];
  return binder.statement(`SELECT id, source, type, subject, CAST(time, 'Int64') AS time_seconds, has_data,
    if(data_sent = '', data, data_sent) AS data_shown,
    toUnixTimestamp64Milli(ingested_at) AS ingested_ms, toUnixTimestamp64Milli(stored_at) AS stored_ms,
    arrayFilter(problem -> problem.2 != 0, arrayMap((meter, value_kind, raw) -> tuple(
      meter,
      multiIf(has_data = 0 OR data = 'null', 1, value_kind = ${kindCodes.number}, ${numberProblemSql}, ${textProblemSql}),
      substringUTF8(if(startsWith(raw, '"'), JSONExtractString(raw), raw), 1, ${quotedLengthMax})
    ), found.1, found.2, found.3)) AS problems
  FROM (
    SELECT *, ${foundSql(meters, binder)} AS found
    FROM (
      SELECT id, source, type, subject, time, has_data, data, data_sent, ingested_at, stored_at
      FROM events
      WHERE ${conditions.join(' AND ')}
      ORDER BY time DESC, id DESC
      LIMIT ${query.limit}
    )
  )
  ORDER BY time DESC, id DESC`);
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
