import { dimensionsSql, rawValueSql, valueColumnsSql } from './extract-sql.js';
import type { Extraction } from './meter.js';
import { Binder, type Statement } from './statement.js';
import { timeSql } from './usage-sql.js';

/** What is compared with what. */
export const verifications = ['readings', 'by_quarter', 'by_subject', 'by_text'] as const;
export type Verification = (typeof verifications)[number];

export interface VerificationScope {
  readonly extraction: Extraction;
  readonly fromSeconds: number | undefined;
  readonly toSeconds: number | undefined;
}

/** Two sides of the same rows: `day`, then columns that must be equal. */
interface Sides {
  readonly columns: readonly string[];
  readonly stored: string;
  readonly expected: string;
}

const dayMs = 86_400;

/** Bounds as whole days: a rollup knows nothing smaller. */
const dayBounds = ({ fromSeconds, toSeconds }: VerificationScope) => ({
  from: fromSeconds === undefined ? undefined : Math.floor(fromSeconds / dayMs) * dayMs,
  to: toSeconds === undefined ? undefined : Math.ceil(toSeconds / dayMs) * dayMs,
});

const secondsOfTime = "CAST(time, 'Int64')";
const bucketSql = (width: number): string => `${secondsOfTime} - positiveModulo(${secondsOfTime}, ${width})`;

function ofMeterSql({ extraction }: VerificationScope, binder: Binder): string {
  return `namespace = ${binder.bind('String', extraction.namespace)} AND meter_id = ${binder.bind('String', extraction.meterId)}
      AND meter_version = ${binder.bind('UInt32', extraction.version)}`;
}

function timesSql(scope: VerificationScope, binder: Binder): string {
  const { from, to } = dayBounds(scope);
  return (
    (from === undefined ? '' : ` AND time >= ${timeSql(from, binder)}`) +
    (to === undefined ? '' : ` AND time < ${timeSql(to, binder)}`)
  );
}

function daysSql(scope: VerificationScope, binder: Binder): string {
  const { from, to } = dayBounds(scope);
  return (
    (from === undefined ? '' : ` AND day >= ${binder.bind('Int64', from)}`) +
    (to === undefined ? '' : ` AND day < ${binder.bind('Int64', to)}`)
  );
}

const place = ['kafka_partition', 'kafka_offset', 'index_in_record'] as const;

/** Readings as stored, and as the extractor makes them anew from events up to the mark. */
function readingSides(scope: VerificationScope, binder: Binder): Sides {
  const { extraction } = scope;
  const columns = [...place, 'subject', 'dimensions', 'time', 'value', 'value_text'];
  const values = valueColumnsSql(extraction);
  return {
    columns,
    stored: `SELECT ${bucketSql(dayMs)} AS day_of, ${columns.join(', ')} FROM readings
      WHERE ${ofMeterSql(scope, binder)} AND kind = 'reading'${timesSql(scope, binder)}`,
    expected: `SELECT ${bucketSql(dayMs)} AS day_of, ${[...place, 'subject'].join(', ')},
        CAST(dimensions_read, 'Array(LowCardinality(String))') AS dimensions, time, ${values.value} AS value, ${values.text} AS value_text
      FROM (
        WITH (
          SELECT mapFromArrays(groupArray(kafka_partition), groupArray(mark)) FROM (
            SELECT kafka_partition, max(range_to) AS mark FROM readings WHERE meter_id = '' AND meter_version = 0
            GROUP BY kafka_partition
          )
        ) AS marks
        SELECT subject, time, ${dimensionsSql(extraction, binder)} AS dimensions_read, ${rawValueSql(extraction, binder)} AS raw,
          ${place.join(', ')}
        FROM events
        WHERE namespace = ${binder.bind('String', extraction.namespace)} AND type = ${binder.bind('String', extraction.eventType)}
          AND status = 'ok' AND mapContains(marks, kafka_partition) AND kafka_offset <= marks[kafka_partition]${timesSql(scope, binder)}
        LIMIT 1 BY ${place.join(', ')}
      )`,
  };
}

const sums = ['count()', 'count(value)', 'sum(toDecimal256(value, 19))', 'min(value)', 'max(value)'];
const bounds = ['min(time)', 'max(time)'];

const rollups = {
  by_quarter: { keys: ['quarter', 'dimensions'], aggregates: [...sums, ...bounds] },
  by_subject: { keys: ['subject', 'day', 'dimensions'], aggregates: [...sums, ...bounds] },
  by_text: { keys: ['day', 'dimensions', 'value_text'], aggregates: ['count()', ...bounds] },
} as const;

/** A rollup as stored, and as readings add up: their `kind` is not in a rollup, and their buckets are computed again. */
function rollupSides(name: keyof typeof rollups, scope: VerificationScope, binder: Binder): Sides {
  const { keys, aggregates } = rollups[name];
  const named = aggregates.map((aggregate, at) => `${aggregate} AS a${at}`).join(', ');
  const computed = { quarter: bucketSql(900), day: bucketSql(dayMs) };
  const isComputed = (key: string): key is keyof typeof computed => key in computed;
  const ofDay = (from: string): string => `(${from}) - positiveModulo((${from}), ${dayMs})`;
  const bucket = keys.find(isComputed) ?? 'day';
  const bounded =
    name === 'by_quarter' ? daysSql(scope, binder).replaceAll('day ', 'quarter ') : daysSql(scope, binder);
  return {
    columns: [...keys.map((_, at) => `k${at}`), ...aggregates.map((_, at) => `a${at}`)],
    stored: `SELECT ${ofDay(bucket)} AS day_of, ${keys.map((key, at) => `${key} AS k${at}`).join(', ')}, ${named}
      FROM readings WHERE ${ofMeterSql(scope, binder)}${bounded}
      GROUP BY ${keys.join(', ')}`,
    expected: `SELECT ${ofDay('bucket')} AS day_of, ${keys.map((key, at) => `${isComputed(key) ? 'bucket' : key} AS k${at}`).join(', ')}, ${named}
      FROM (
        SELECT *, ${computed[bucket]} AS bucket FROM readings
        WHERE ${ofMeterSql(scope, binder)} AND kind = 'reading'${timesSql(scope, binder)}
      )
      GROUP BY ${keys.map((key) => (isComputed(key) ? 'bucket' : key)).join(', ')}`,
  };
}

const sidesOf = (what: Verification, scope: VerificationScope, binder: Binder): Sides =>
  what === 'readings' ? readingSides(scope, binder) : rollupSides(what, scope, binder);

/**
 * One row: the first day whose two sides differ, how many days do, and how many rows were compared. By the number of rows
 * and a sum of their hashes, so that memory does not grow with the rows of readings.
 */
export function planDayVerification(what: Verification, scope: VerificationScope): Statement {
  const binder = new Binder();
  const { columns, stored, expected } = sidesOf(what, scope, binder);
  // A hash of NULL would be NULL, and a NULL must not look like an empty text.
  const hashed = columns.map((column) => `ifNull(toString(${column}), ''), ${column} IS NULL`).join(', ');
  const hash = `cityHash64(${hashed})`;
  return binder.statement(`SELECT toString(minIf(day_of, differs)) AS first_day, toString(countIf(differs)) AS days, toString(sum(rows)) AS found
  FROM (
    SELECT day_of, sumIf(hash, side = 1) != sumIf(hash, side = 2) OR countIf(side = 1) != countIf(side = 2) AS differs,
      countIf(side = 1) AS rows
    FROM (
      SELECT day_of, 1 AS side, ${hash} AS hash FROM (${stored})
      UNION ALL
      SELECT day_of, 2 AS side, ${hash} AS hash FROM (${expected})
    )
    GROUP BY day_of
  )`);
}

/** Rows of one day that only one side has: `side`, then the columns of the comparison, as texts. In the order of the columns. */
export function planRowVerification(what: Verification, scope: VerificationScope): Statement {
  const binder = new Binder();
  const { columns, stored, expected } = sidesOf(what, scope, binder);
  const texts = columns.map((column, at) => `ifNull(toString(${column}), 'NULL') AS c${at}`).join(', ');
  const names = columns.map((_, at) => `c${at}`).join(', ');
  const order = columns.join(', ');
  return binder.statement(`SELECT if(sum(sign) > 0, 'stored', 'expected') AS side, ${names}
  FROM (
    SELECT 1 AS sign, ${order}, ${texts} FROM (${stored})
    UNION ALL
    SELECT -1 AS sign, ${order}, ${texts} FROM (${expected})
  )
  GROUP BY ${order}, ${names}
  HAVING sum(sign) != 0
  ORDER BY ${order}, side
  LIMIT 2`);
}

/** What the columns of a row verification are called, for people. */
export const verificationColumns: Readonly<Record<Verification, readonly string[]>> = {
  readings: ['partition', 'offset', 'index', 'subject', 'groups', 'time', 'value', 'text'],
  by_quarter: ['quarter', 'groups', 'events', 'values', 'sum', 'min', 'max', 'first', 'last'],
  by_subject: ['subject', 'day', 'groups', 'events', 'values', 'sum', 'min', 'max', 'first', 'last'],
  by_text: ['day', 'groups', 'text', 'events', 'first', 'last'],
};
