import type { Instant } from '@ledgerline/kernel';
import type { Aggregation, Extraction, Meter } from './meter.js';
import type { GroupColumn, MeterQuery, UsageSource, WindowSize } from './meter-query.js';
import { Binder, type Statement } from './statement.js';
import { dimensionColumnSql, type UsageScope, usageRowsSql } from './usage-sql.js';

/** More rows than any reader of one answer can use; a larger one is refused instead of filling the memory. */
export const answerRowsMax = 100_000;

/** For windows far outside of 1970–2106, and so that decimals arrive as texts. */
export const querySettings = {
  enable_extended_results_for_datetime_functions: 1,
  output_format_json_quote_decimals: 1,
  output_format_json_quote_64bit_integers: 1,
} as const;

export const wholeSeconds = (at: Instant): number => Math.floor(at.epochMilliseconds / 1000);

/** The parts of a value that can be put together again exactly: AVG is a sum and a count until the very end. */
export function aggregateSql(aggregation: Aggregation): { readonly value: string; readonly count: string } {
  const count = 'toString(count(value))';
  switch (aggregation) {
    case 'SUM':
    case 'AVG':
      return { value: 'toString(sum(toDecimal256(value, 19)))', count };
    case 'MIN':
      return { value: 'toString(min(value))', count };
    case 'MAX':
      return { value: 'toString(max(value))', count };
    case 'LATEST':
      return {
        value: 'toString(argMax(value, (time, kafka_partition, kafka_offset, index_in_record)))',
        count,
      };
    case 'COUNT':
      return { value: 'toString(count())', count: 'toString(count())' };
    case 'UNIQUE_COUNT':
      return { value: 'toString(uniqExact(value_text))', count: 'toString(count(value_text))' };
  }
}

const windowStartFunctions: Readonly<Record<WindowSize, string>> = {
  MINUTE: 'toStartOfMinute',
  HOUR: 'toStartOfHour',
  DAY: 'toStartOfDay',
  MONTH: 'toStartOfMonth',
};

/** Epoch seconds of the start of the window that `time` lies in. */
export function windowStartSql(size: WindowSize, timeZone: string, binder: Binder): string {
  const zone = binder.bind('String', timeZone);
  const start = `${windowStartFunctions[size]}(toTimezone(time, ${zone}))`;
  // A month's start is a date: it becomes the instant of its midnight in the zone.
  return size === 'MONTH' ? `CAST(toDateTime64(${start}, 0, ${zone}), 'Int64')` : `CAST(${start}, 'Int64')`;
}

export function scopeOf(
  meter: Meter,
  extraction: Extraction,
  source: UsageSource,
  query: MeterQuery,
): UsageScope {
  const lower = [query.from, meter.eventFrom].flatMap((at) => (at === undefined ? [] : [wholeSeconds(at)]));
  return {
    extraction,
    source,
    fromSeconds: lower.length === 0 ? undefined : Math.max(...lower),
    toSeconds: query.to === undefined ? undefined : wholeSeconds(query.to),
    subjects: subjectsOf(query),
    filters: query.filters,
  };
}

/** Subjects asked for by name and by customer: an event must satisfy both. */
function subjectsOf(query: MeterQuery): readonly string[] | undefined {
  if (query.customers === undefined) return query.subjects;
  const ofCustomers = new Set(query.customers.flatMap(({ keys }) => keys));
  return query.subjects === undefined
    ? [...ofCustomers]
    : query.subjects.filter((subject) => ofCustomers.has(subject));
}

/** Rows `start_seconds, end_seconds, g0…, value, value_count`, ordered by window and groups. */
export function planMeterQuery(
  scope: UsageScope,
  query: Pick<MeterQuery, 'window' | 'groupBy' | 'customers'>,
): Statement {
  const binder = new Binder();
  const { value, count } = aggregateSql(scope.extraction.aggregation);
  const groups = query.groupBy.map(
    (column, at) => `${groupColumnSql(column, scope.extraction, query, binder)} AS g${at}`,
  );
  const window = query.window;
  const bounds =
    window === undefined
      ? "CAST(min(time), 'Int64') AS start_seconds, CAST(max(time), 'Int64') AS end_seconds"
      : 'window_seconds AS start_seconds, window_seconds AS end_seconds';
  const windowColumn =
    window === undefined ? [] : [`${windowStartSql(window.size, window.timeZone, binder)} AS window_seconds`];
  const keys = [
    ...(window === undefined ? [] : ['window_seconds']),
    ...query.groupBy.map((_, at) => `g${at}`),
  ];
  const names = query.groupBy.map((_, at) => `g${at}`);
  return binder.statement(`SELECT ${[bounds, ...names].join(', ')}, ${value} AS value_text_form, ${count} AS value_count
  FROM (
    SELECT ${[...windowColumn, ...groups].map((column) => `${column}, `).join('')}time, value, value_text,
      kafka_partition, kafka_offset, index_in_record
    FROM (
    ${usageRowsSql(scope, binder)}
    )
  )${keys.length === 0 ? '\n  HAVING count() > 0' : `\n  GROUP BY ${keys.join(', ')}\n  ORDER BY ${keys.join(', ')}`}
  LIMIT ${answerRowsMax + 1}`);
}

function groupColumnSql(
  column: GroupColumn,
  extraction: Extraction,
  query: Pick<MeterQuery, 'customers'>,
  binder: Binder,
): string {
  switch (column.kind) {
    case 'subject':
      return 'subject';
    case 'customer_id': {
      const pairs = (query.customers ?? []).flatMap(({ id, keys }) => keys.map((key) => ({ id, key })));
      const keys = binder.bind(
        'Array(String)',
        pairs.map(({ key }) => key),
      );
      const ids = binder.bind(
        'Array(String)',
        pairs.map(({ id }) => id),
      );
      return `transform(subject, ${keys}, ${ids}, '')`;
    }
    case 'dimension':
      return dimensionColumnSql(extraction, column.key);
  }
}
