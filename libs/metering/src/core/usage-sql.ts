import { dimensionsSql, rawValueSql, valueColumnsSql } from './extract-sql.js';
import type { Extraction } from './meter.js';
import type { UsageSource, WindowSize } from './meter-query.js';
import { partialSql } from './partial-sql.js';
import { bucketOf, chooseRollup, type RollupSplit, splitByRollup } from './rollup.js';
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

export const timeSql = (seconds: number, binder: Binder): string =>
  `toDateTime64(${binder.bind('Int64', Math.min(Math.max(seconds, secondsMin), secondsMax))}, 0, 'UTC')`;

/** What rows are told apart by. SQL of ours over `subject`, `dimensions` and the instant of a row. */
export interface UsageKey {
  readonly name: string;
  /** Given the SQL of the row's instant, or of the first second of its bucket. */
  readonly sql: (timeSql: string) => string;
}

export interface UsageGrouping {
  readonly keys: readonly UsageKey[];
  /** Subjects are told apart. */
  readonly bySubject: boolean;
  readonly window: { readonly size: WindowSize; readonly timeZone: string } | undefined;
  /** Epoch seconds at which usage is told apart, besides windows and the bounds of the scope. */
  readonly cuts: readonly number[];
}

/**
 * Partial rows of one meter: its keys, `value_part`, `count_part`, `rows_part`, `first_at` and `last_at`. Whole buckets of time come
 * from a rollup, what is left up to the mark from readings, and what lies beyond the mark from events by the same
 * extractor. The mark is taken inside the statement, from the same snapshot as the readings.
 */
export function partialRowsSql(scope: UsageScope, grouping: UsageGrouping, binder: Binder): string {
  const events = partSql(eventRowsSql(scope, binder), scope, grouping);
  if (scope.source.kind === 'raw') return events;
  const split = splitOf(scope, grouping);
  const parts = [
    ...(split === undefined ? [] : [rollupPartSql(scope, grouping, split, binder)]),
    ...(split === undefined || hasEdges(split) ? [readingsPartSql(scope, grouping, split, binder)] : []),
    events,
  ];
  return parts.join('\n    UNION ALL\n    ');
}

function splitOf(scope: UsageScope, grouping: UsageGrouping): RollupSplit | undefined {
  const rollup = chooseRollup({
    aggregation: scope.extraction.aggregation,
    subjects: grouping.bySubject || scope.subjects !== undefined,
    window: grouping.window,
  });
  return rollup === undefined
    ? undefined
    : splitByRollup(rollup, scope, grouping.cuts, {
        hasWindows: grouping.window !== undefined,
        subjects: scope.subjects?.length,
      });
}

const keysSql = (grouping: UsageGrouping, time: string): string =>
  grouping.keys.map(({ name, sql }) => `${sql(time)} AS ${name}, `).join('');

/** Groups by the keys; without any, nothing at all makes no row instead of an empty one. */
const groupedSql = (grouping: UsageGrouping): string =>
  grouping.keys.length === 0
    ? 'HAVING rows_part > 0'
    : `GROUP BY ${grouping.keys.map(({ name }) => name).join(', ')}`;

function aggregatesSql(scope: UsageScope): string {
  const { value, count } = partialSql(scope.extraction.aggregation);
  return `${value} AS value_part, ${count} AS count_part, count() AS rows_part, min(time) AS first_at, max(time) AS last_at`;
}

const partSql = (rows: string, scope: UsageScope, grouping: UsageGrouping): string =>
  `SELECT ${keysSql(grouping, 'time')}${aggregatesSql(scope)}
    FROM (${rows})
    ${groupedSql(grouping)}`;

function ofMeterSql({ extraction }: UsageScope, binder: Binder): string {
  return `namespace = ${binder.bind('String', extraction.namespace)}
      AND meter_id = ${binder.bind('String', extraction.meterId)}
      AND meter_version = ${binder.bind('UInt32', extraction.version)}`;
}

const readingsOfSql = (scope: UsageScope, binder: Binder): string =>
  `${ofMeterSql(scope, binder)} AND kind = 'reading'${boundsSql(scope, binder)}${whoseSql(scope, binder)}`;

function readingsPartSql(
  scope: UsageScope,
  grouping: UsageGrouping,
  split: RollupSplit | undefined,
  binder: Binder,
): string {
  const days = split === undefined ? daysSql(scope, binder) : ` AND ${edgesSql(split, binder)}`;
  return `SELECT ${keysSql(grouping, 'time')}${aggregatesSql(scope)}
    FROM readings
    WHERE ${readingsOfSql(scope, binder)}${days}
    ${groupedSql(grouping)}`;
}

/** In the words of the rollup: the store takes it for every part that has one, and sums readings up where one has not. */
function rollupPartSql(
  scope: UsageScope,
  grouping: UsageGrouping,
  split: RollupSplit,
  binder: Binder,
): string {
  const { column } = split.rollup;
  const bound = (sign: string, bucket: number | undefined): string =>
    bucket === undefined ? '' : ` AND ${column} ${sign} ${binder.bind('Int64', bucket)}`;
  const whole =
    split.cutBuckets.length === 0
      ? ''
      : ` AND ${column} NOT IN ${binder.bind('Array(Int64)', split.cutBuckets)}`;
  const where = `${ofMeterSql(scope, binder)}${bound('>=', split.fromBucket)}${bound('<', split.toBucket)}${whole}${whoseSql(scope, binder)}`;
  const keys = keysSql(grouping, `toDateTime64(${column}, 0, 'UTC')`);
  if (scope.extraction.aggregation !== 'UNIQUE_COUNT') {
    return `SELECT ${keys}${aggregatesSql(scope)}
    FROM readings
    WHERE ${where}
    ${groupedSql(grouping)}`;
  }
  const names = grouping.keys.map(({ name }) => `${name}, `).join('');
  return `SELECT ${names}uniqExactState(text) AS value_part, sumIf(found, text IS NOT NULL) AS count_part,
      sum(found) AS rows_part, min(first) AS first_at, max(last) AS last_at
    FROM (
      SELECT ${keys}value_text AS text, count() AS found, min(time) AS first, max(time) AS last
      FROM readings
      WHERE ${where}
      GROUP BY ${names}text
    )
    ${groupedSql(grouping)}`;
}

const hasEdges = (split: RollupSplit): boolean =>
  split.cutBuckets.length > 0 || split.readingsBefore !== undefined;

const dayOf = (at: number): number => bucketOf(at, 86_400);

/** The sort key knows days, not instants. */
function daysSql({ fromSeconds, toSeconds }: UsageScope, binder: Binder): string {
  const from = fromSeconds === undefined ? '' : ` AND day >= ${binder.bind('Int64', dayOf(fromSeconds))}`;
  const to = toSeconds === undefined ? '' : ` AND day <= ${binder.bind('Int64', dayOf(toSeconds))}`;
  return from + to;
}

/** Buckets that the rollup leaves to readings; days are named too, for the sort key. */
function edgesSql({ rollup, cutBuckets, readingsBefore }: RollupSplit, binder: Binder): string {
  const cut = binder.bind('Array(Int64)', cutBuckets);
  const days = binder.bind('Array(Int64)', [...new Set(cutBuckets.map(dayOf))]);
  const edges = [
    ...(cutBuckets.length === 0 ? [] : [`(day IN ${days} AND ${rollup.column} IN ${cut})`]),
    ...(readingsBefore === undefined ? [] : [`(day < ${binder.bind('Int64', readingsBefore)})`]),
  ];
  return `(${edges.join(' OR ')})`;
}

function eventRowsSql(scope: UsageScope, binder: Binder): string {
  const { extraction, source } = scope;
  const columns = valueColumnsSql(extraction);
  const until = source.kind === 'raw' ? '' : `WITH ${untilSql(source.generation, binder)} AS until\n      `;
  return `SELECT subject, dimensions, time, ${columns.value} AS value, ${columns.text} AS value_text,
      kafka_partition, kafka_offset, index_in_record
    FROM (
      ${until}SELECT subject, time, ${dimensionsSql(extraction, binder)} AS dimensions, ${rawValueSql(extraction, binder)} AS raw,
        kafka_partition, kafka_offset, index_in_record
      FROM events
      WHERE namespace = ${binder.bind('String', extraction.namespace)}
        AND type = ${binder.bind('String', extraction.eventType)}
        AND status = 'ok'${eventBoundsSql(scope, binder)}${subjectsSql(scope, binder)}${source.kind === 'raw' ? '' : `\n        AND (${tailSql(source.partitions)})`}
    )
    WHERE 1${filtersSql(scope, binder)}`;
}

/** One constant of the statement: the first offset without readings of each partition, 0 where there is none. */
const untilSql = (generation: bigint, binder: Binder): string => `(
      SELECT groupArrayInsertAt(mark + 1, toUInt32(kafka_partition))
      FROM (
        SELECT kafka_partition, max(range_to) AS mark,
          throwIf(max(generation) > ${binder.bind('UInt64', generation)}, '${metersMoved}') AS refused
        FROM readings WHERE meter_id = '' AND meter_version = 0
        GROUP BY kafka_partition HAVING refused = 0
      )
    )`;

/** Partition by partition, so that each bound is a constant and the store can skip what lies below it. */
function tailSql(partitions: number): string {
  // A position beyond the end of the list answers 0: a partition without readings.
  const known = Array.from(
    { length: partitions },
    (_, partition) => `(kafka_partition = ${partition} AND kafka_offset >= until[${partition + 1}])`,
  );
  return [...known, `(kafka_partition >= ${partitions} AND kafka_offset >= until[kafka_partition + 1])`].join(
    '\n          OR ',
  );
}

/** As whole numbers: that is what the table's key can prune by. */
function eventBoundsSql({ fromSeconds, toSeconds }: UsageScope, binder: Binder): string {
  const from =
    fromSeconds === undefined ? '' : ` AND CAST(time, 'Int64') >= ${binder.bind('Int64', fromSeconds)}`;
  const to = toSeconds === undefined ? '' : ` AND CAST(time, 'Int64') < ${binder.bind('Int64', toSeconds)}`;
  return from + to;
}

function boundsSql(scope: UsageScope, binder: Binder): string {
  const from = scope.fromSeconds === undefined ? '' : ` AND time >= ${timeSql(scope.fromSeconds, binder)}`;
  const to = scope.toSeconds === undefined ? '' : ` AND time < ${timeSql(scope.toSeconds, binder)}`;
  return from + to;
}

const subjectsSql = ({ subjects }: UsageScope, binder: Binder): string =>
  subjects === undefined ? '' : ` AND subject IN ${binder.bind('Array(String)', subjects)}`;

const whoseSql = (scope: UsageScope, binder: Binder): string =>
  subjectsSql(scope, binder) + filtersSql(scope, binder);

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
