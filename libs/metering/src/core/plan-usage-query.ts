import { invariant, type Period } from '@ledgerline/kernel';
import type { WindowSize } from './meter-query.js';
import { partialSql } from './partial-sql.js';
import { wholeSeconds, windowStartSql } from './plan-meter-query.js';
import { Binder, type Statement } from './statement.js';
import { partialRowsSql, type UsageKey, type UsageScope } from './usage-sql.js';

/** A credit run over a year of daily resets with grants in between has about a thousand; the borders stay
 * well below the 128 KiB that a server takes in one parameter. */
export const usagePeriodsMax = 4_000;

/**
 * Usage of many periods, which may overlap, in one pass: time is cut at every border, each piece is aggregated once, and a
 * period is the union of its pieces. Rows `period` (counted from 1), `is_window`, `start_seconds`, value and count; with a
 * window one row per period as a whole comes before the rows of its windows.
 */
export function planUsageQuery(
  scope: UsageScope,
  periods: readonly Period[],
  window: { readonly size: WindowSize; readonly timeZone: string } | undefined,
): Statement {
  invariant(
    periods.length > 0 && periods.length <= usagePeriodsMax,
    `between 1 and ${usagePeriodsMax} periods`,
  );
  const binder = new Binder();
  const starts = periods.map(({ from }) => wholeSeconds(from));
  const ends = periods.map(({ to }) => wholeSeconds(to));
  const borders = [...new Set([...starts, ...ends])].sort((a, b) => a - b);
  const cut = binder.bind('Array(Int64)', borders);
  const froms = binder.bind('Array(Int64)', starts);
  const tos = binder.bind('Array(Int64)', ends);
  const { merged, mergedCount } = partialSql(scope.extraction.aggregation);
  const windowKeys: readonly UsageKey[] =
    window === undefined
      ? []
      : [
          {
            name: 'window_seconds',
            sql: (time) => windowStartSql(window.size, window.timeZone, time, binder),
          },
        ];
  const bounded: UsageScope = {
    ...scope,
    fromSeconds: Math.max(borders[0] ?? 0, scope.fromSeconds ?? -Infinity),
    toSeconds: borders[borders.length - 1],
  };
  const pieceKey: UsageKey = { name: 'piece', sql: (time) => `roundDown(CAST(${time}, 'Int64'), ${cut})` };
  const rows = partialRowsSql(
    bounded,
    { keys: [pieceKey, ...windowKeys], bySubject: false, window, cuts: borders },
    binder,
  );
  return binder.statement(`SELECT period, ${window === undefined ? '0, 0' : '1 - grouping(window_seconds), window_seconds'},
    ${merged} AS value_text_form, ${mergedCount} AS value_count
  FROM (
    ${rows}
  )
  ARRAY JOIN arrayFilter((n, f, t) -> f <= piece AND piece < t, arrayEnumerate(${froms}), ${froms}, ${tos}) AS period
  GROUP BY ${window === undefined ? 'period' : 'GROUPING SETS ((period), (period, window_seconds))'}
  ORDER BY period${window === undefined ? '' : ', grouping(window_seconds) DESC, window_seconds'}`);
}
