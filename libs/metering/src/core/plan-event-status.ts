import type { SentEvent, StoredSending } from './event-ports.js';
import type { EventPlace } from './event-query.js';
import {
  dimensionsSql,
  numberProblemSql,
  numberSql,
  rawSql,
  textProblemSql,
  textSql,
} from './extract-sql.js';
import { extractionOf, type Meter, valueKindOf } from './meter.js';
import { Binder, type Statement } from './statement.js';

const kindCodes = { number: 1, text: 2, none: 0 } as const;
const quotedLengthMax = 256;

/** Every delivery of one event. The fingerprint finds it through a projection; the identity decides. */
export function planSendings(event: SentEvent, fingerprint: bigint, max: number): Statement {
  const binder = new Binder();
  return binder.statement(`SELECT status, reason, type, subject, CAST(time, 'Int64') AS time_seconds,
      toUnixTimestamp64Milli(ingested_at) AS ingested_ms, toUnixTimestamp64Milli(stored_at) AS stored_ms,
      kafka_partition, kafka_offset, index_in_record
    FROM events
    WHERE ${identitySql(event, fingerprint, binder)} AND status IN ('ok', 'duplicate', 'invalid')
    ORDER BY kafka_partition, kafka_offset, index_in_record
    LIMIT ${max}`);
}

/** What each of these meters, which are all of the event's type, reads out of it. */
export function planSights(
  event: SentEvent,
  fingerprint: bigint,
  place: EventPlace,
  meters: readonly Meter[],
): Statement {
  const binder = new Binder();
  const found = meters.map((meter, at) => {
    const extraction = extractionOf(meter);
    const raw = meter.valueProperty === undefined ? "''" : rawSql(meter.valueProperty, binder);
    const kind = kindCodes[valueKindOf(meter.aggregation)];
    return `tuple(toUInt32(${at}), toUInt8(${kind}), ${raw}, ${dimensionsSql(extraction, binder)})`;
  });
  return binder.statement(`SELECT meter,
      if(kind = ${kindCodes.number}, toString(${numberSql}), NULL) AS value,
      if(kind = ${kindCodes.text}, ${textSql}, NULL) AS text,
      dimensions,
      multiIf(kind = ${kindCodes.none}, toUInt8(0), has_data = 0 OR data = 'null', toUInt8(1),
        kind = ${kindCodes.number}, ${numberProblemSql}, ${textProblemSql}) AS code,
      substringUTF8(if(startsWith(raw, '"'), JSONExtractString(raw), raw), 1, ${quotedLengthMax}) AS quoted
    FROM (
      SELECT has_data, data, found.1 AS meter, found.2 AS kind, found.3 AS raw, found.4 AS dimensions
      FROM events
      ARRAY JOIN [${found.join(',\n        ')}] AS found
      WHERE ${identitySql(event, fingerprint, binder)} AND ${placeSql(place, binder)}
    )
    ORDER BY meter`);
}

/** Readings of one event: meter, subject and time lead to it in the order of the table. */
export function planReadings(
  namespace: string,
  sending: Pick<StoredSending, 'subject' | 'timeSeconds' | 'place'>,
  meterIds: readonly string[],
): Statement {
  const binder = new Binder();
  return binder.statement(`SELECT meter_id, max(meter_version) AS version
    FROM readings
    WHERE namespace = ${binder.bind('String', namespace)}
      AND meter_id IN ${binder.bind('Array(String)', meterIds)}
      AND subject = ${binder.bind('String', sending.subject)}
      AND time = toDateTime64(${binder.bind('Int64', sending.timeSeconds)}, 0, 'UTC')
      AND kind = 'reading' AND ${placeSql(sending.place, binder)}
    GROUP BY meter_id`);
}

const identitySql = ({ namespace, source, id }: SentEvent, fingerprint: bigint, binder: Binder): string =>
  `fingerprint = ${binder.bind('UInt64', fingerprint)} AND namespace = ${binder.bind('String', namespace)}
      AND source = ${binder.bind('String', source)} AND id = ${binder.bind('String', id)}`;

const placeSql = ({ partition, offset, index }: EventPlace, binder: Binder): string =>
  `kafka_partition = ${binder.bind('UInt16', partition)} AND kafka_offset = ${binder.bind('Int64', offset)}
      AND index_in_record = ${binder.bind('UInt32', index)}`;
