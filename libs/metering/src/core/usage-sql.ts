import { dimensionsSql, rawValueSql, valueColumnsSql } from './extract-sql.js';
import type { Extraction } from './meter.js';
import type { UsageSource } from './meter-query.js';
import type { Binder } from './statement.js';
import type { StringFilter } from './string-filter.js';

/** Both readings and raw events, cut down to what a question asks. */
export interface UsageScope {
  readonly extraction: Extraction;
  readonly source: UsageSource;
  /** Epoch seconds, start included, end excluded. */
  readonly fromSeconds: number | undefined;
  readonly toSeconds: number | undefined;
  readonly subjects: readonly string[] | undefined;
  readonly filters: readonly { readonly key: string; readonly filter: StringFilter }[];
}

/** The error by which a query notices that readings were built for a set of meters it did not know. */
export const metersMoved = 'meters changed since the query was planned';

// What DateTime64 holds: a bound beyond it bounds nothing.
const secondsMin = -2_208_988_800; // 1900-01-01
const secondsMax = 10_413_791_999; // 2299-12-31

const timeSql = (seconds: number, binder: Binder): string =>
  `toDateTime64(${binder.bind('Int64', Math.min(Math.max(seconds, secondsMin), secondsMax))}, 0, 'UTC')`;

/**
 * Rows `subject, dimensions, time, value, value_text, kafka_partition, kafka_offset, index_in_record` of one meter: its
 * readings up to the mark, and events beyond the mark read by the same extractor. The mark is taken inside the statement,
 * from the same snapshot as the readings.
 */
export function usageRowsSql(scope: UsageScope, binder: Binder): string {
  const events = eventRowsSql(scope, binder);
  if (scope.source.kind === 'raw') return events;
  return `${readingRowsSql(scope, binder)}
    UNION ALL
    ${events}`;
}

function readingRowsSql(scope: UsageScope, binder: Binder): string {
  const { extraction } = scope;
  return `SELECT subject, dimensions, time, value, value_text, kafka_partition, kafka_offset, index_in_record
    FROM readings
    WHERE namespace = ${binder.bind('String', extraction.namespace)}
      AND meter_id = ${binder.bind('String', extraction.meterId)}
      AND meter_version = ${binder.bind('UInt32', extraction.version)}
      AND kind = 'reading'${boundsSql(scope, binder)}${filtersSql(scope, binder)}`;
}

function eventRowsSql(scope: UsageScope, binder: Binder): string {
  const { extraction, source } = scope;
  const columns = valueColumnsSql(extraction);
  const marks = source.kind === 'raw' ? '' : `WITH ${marksSql(source.generation, binder)} AS marks\n      `;
  return `SELECT subject, dimensions, time, ${columns.value} AS value, ${columns.text} AS value_text,
      kafka_partition, kafka_offset, index_in_record
    FROM (
      ${marks}SELECT subject, time, ${dimensionsSql(extraction, binder)} AS dimensions, ${rawValueSql(extraction, binder)} AS raw,
        kafka_partition, kafka_offset, index_in_record
      FROM events
      WHERE namespace = ${binder.bind('String', extraction.namespace)}
        AND type = ${binder.bind('String', extraction.eventType)}
        AND status = 'ok'${boundsSql(scope, binder)}${source.kind === 'raw' ? '' : `\n        AND (${tailSql(source.partitions)})`}
    )
    WHERE 1${filtersSql(scope, binder)}`;
}

/** The marks as one constant of the statement: a map from partition to the last offset with readings. */
const marksSql = (generation: bigint, binder: Binder): string => `(
      SELECT mapFromArrays(groupArray(kafka_partition), groupArray(mark))
      FROM (
        SELECT kafka_partition, max(range_to) AS mark,
          throwIf(max(generation) > ${binder.bind('UInt64', generation)}, '${metersMoved}') AS refused
        FROM readings WHERE meter_id = '' AND meter_version = 0
        GROUP BY kafka_partition HAVING refused = 0
      )
    )`;

/** Partition by partition, so that each bound is a constant and the store can skip what lies below it. */
function tailSql(partitions: number): string {
  const after = (partition: string): string =>
    `kafka_offset > if(mapContains(marks, ${partition}), marks[${partition}], toInt64(-1))`;
  const known = Array.from({ length: partitions }, (_, partition) => {
    const bound = `toUInt16(${partition})`;
    return `(kafka_partition = ${bound} AND ${after(bound)})`;
  });
  return [...known, `(kafka_partition >= ${partitions} AND ${after('kafka_partition')})`].join(
    '\n          OR ',
  );
}

function boundsSql(scope: UsageScope, binder: Binder): string {
  const from = scope.fromSeconds === undefined ? '' : ` AND time >= ${timeSql(scope.fromSeconds, binder)}`;
  const to = scope.toSeconds === undefined ? '' : ` AND time < ${timeSql(scope.toSeconds, binder)}`;
  const subjects =
    scope.subjects === undefined ? '' : ` AND has(${binder.bind('Array(String)', scope.subjects)}, subject)`;
  return from + to + subjects;
}

const filtersSql = (scope: UsageScope, binder: Binder): string =>
  scope.filters
    .map(({ key, filter }) => ` AND ${filterSql(dimensionColumnSql(scope.extraction, key), filter, binder)}`)
    .join('');

/** The column of one group's value: its position in the array, counted from 1. */
export function dimensionColumnSql(extraction: Extraction, key: string): string {
  const at = extraction.groupBy.findIndex((group) => group.key === key);
  // Keys are checked against the meter before a statement is planned; position 0 does not exist and answers ''.
  return `toString(dimensions[${at + 1}])`;
}

/** One filter over a text column. Column is SQL of ours; every value is bound. */
export function filterSql(column: string, filter: StringFilter, binder: Binder): string {
  if ('filters' in filter) {
    const joint = filter.operator === '$and' ? ' AND ' : ' OR ';
    return `(${filter.filters.map((one) => filterSql(column, one, binder)).join(joint)})`;
  }
  if ('values' in filter) {
    const found = `has(${binder.bind('Array(String)', filter.values)}, ${column})`;
    return filter.operator === '$in' ? found : `NOT ${found}`;
  }
  const value = binder.bind('String', filter.value);
  switch (filter.operator) {
    case '$eq':
      return `${column} = ${value}`;
    case '$ne':
      return `${column} != ${value}`;
    case '$like':
      return `${column} LIKE ${value}`;
    case '$nlike':
      return `${column} NOT LIKE ${value}`;
    case '$ilike':
      return `${column} ILIKE ${value}`;
    case '$nilike':
      return `${column} NOT ILIKE ${value}`;
    case '$gt':
      return `${column} > ${value}`;
    case '$gte':
      return `${column} >= ${value}`;
    case '$lt':
      return `${column} < ${value}`;
    case '$lte':
      return `${column} <= ${value}`;
  }
}
