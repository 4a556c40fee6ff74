import type { Instant } from '@ledgerline/kernel';
import type { Extraction, Meter } from './meter.js';
import type { GroupColumn, MeterQuery, UsageSource, WindowSize } from './meter-query.js';
import { partialSql } from './partial-sql.js';
import { Binder, type Statement } from './statement.js';
import { dimensionColumnSql, partialRowsSql, type UsageKey, type UsageScope } from './usage-sql.js';

/** More rows than any reader of one answer can use; a larger one is refused instead of filling the memory. */
export const answerRowsMax = 100_000;

/** For windows far outside of 1970–2106, and so that decimals arrive as texts. */
export const querySettings = {
  enable_extended_results_for_datetime_functions: 1,
  output_format_json_quote_decimals: 1,
  output_format_json_quote_64bit_integers: 1,
} as const;

export const wholeSeconds = (at: Instant): number => Math.floor(at.epochMilliseconds / 1000);

const windowStartFunctions: Readonly<Record<WindowSize, string>> = {
  MINUTE: 'toStartOfMinute',
  HOUR: 'toStartOfHour',
  DAY: 'toStartOfDay',
  MONTH: 'toStartOfMonth',
};

/** Epoch seconds of the start of the window that the instant `time` lies in; `time` is SQL of ours. */
export function windowStartSql(size: WindowSize, timeZone: string, time: string, binder: Binder): string {
  const zone = binder.bind('String', timeZone);
  const start = `${windowStartFunctions[size]}(toTimezone(${time}, ${zone}))`;
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
  const { merged, mergedCount } = partialSql(scope.extraction.aggregation);
  const { window } = query;
  const groups = query.groupBy.map((column, at): UsageKey => {
    const sql = groupColumnSql(column, scope.extraction, query, binder);
    return { name: `g${at}`, sql: () => sql };
  });
  const windows: readonly UsageKey[] =
    window === undefined
      ? []
      : [
          {
            name: 'window_seconds',
            sql: (time) => windowStartSql(window.size, window.timeZone, time, binder),
          },
        ];
  const keys = [...windows, ...groups];
  const bounds =
    window === undefined
      ? "CAST(min(first_at), 'Int64') AS start_seconds, CAST(max(last_at), 'Int64') AS end_seconds"
      : 'window_seconds AS start_seconds, window_seconds AS end_seconds';
  const names = keys.map(({ name }) => name).join(', ');
  const rows = partialRowsSql(
    scope,
    { keys, bySubject: query.groupBy.some(({ kind }) => kind !== 'dimension'), window, cuts: [] },
    binder,
  );
  return binder.statement(`SELECT ${[bounds, ...groups.map(({ name }) => name)].join(', ')},
    ${merged} AS value_text_form, ${mergedCount} AS value_count
  FROM (
    ${rows}
  )${keys.length === 0 ? '\n  HAVING sum(rows_part) > 0' : `\n  GROUP BY ${names}\n  ORDER BY ${names}`}
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
