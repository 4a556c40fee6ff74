import { invariant, type Period } from '@ledgerline/kernel';
import type { Aggregation } from './meter.js';
import type { WindowSize } from './meter-query.js';
import { wholeSeconds, windowStartSql } from './plan-meter-query.js';
import { Binder, type Statement } from './statement.js';
import { type UsageScope, usageRowsSql } from './usage-sql.js';

/** A credit run over a year of daily resets with grants in between has about a thousand; the borders stay
 * well below the 128 KiB that a server takes in one parameter. */
export const usagePeriodsMax = 4_000;

interface Mergeable {
  readonly value: string;
  readonly count: string;
  readonly merged: string;
  readonly mergedCount: string;
}

const counted = { count: 'countState(value)', mergedCount: 'toString(countMerge(count_state))' } as const;

/** Each aggregation as a state of one stretch of time, so that overlapping periods share the reading of it. */
function mergeableSql(aggregation: Aggregation): Mergeable {
  switch (aggregation) {
    case 'SUM':
    case 'AVG':
      return {
        value: 'sumState(toDecimal256(value, 19))',
        merged: 'toString(sumMerge(value_state))',
        ...counted,
      };
    case 'MIN':
      return { value: 'minState(value)', merged: 'toString(minMerge(value_state))', ...counted };
    case 'MAX':
      return { value: 'maxState(value)', merged: 'toString(maxMerge(value_state))', ...counted };
    case 'LATEST':
      return {
        value: 'argMaxState(value, (time, kafka_partition, kafka_offset, index_in_record))',
        merged: 'toString(argMaxMerge(value_state))',
        ...counted,
      };
    case 'COUNT':
      return {
        value: 'countState()',
        merged: 'toString(countMerge(value_state))',
        count: 'countState()',
        mergedCount: 'toString(countMerge(count_state))',
      };
    case 'UNIQUE_COUNT':
      return {
        value: 'uniqExactState(value_text)',
        merged: 'toString(uniqExactMerge(value_state))',
        count: 'countState(value_text)',
        mergedCount: 'toString(countMerge(count_state))',
      };
  }
}

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
  const states = mergeableSql(scope.extraction.aggregation);
  const windowColumn =
    window === undefined ? '' : `${windowStartSql(window.size, window.timeZone, binder)} AS window_seconds, `;
  const windowKey = window === undefined ? '' : ', window_seconds';
  const bounded: UsageScope = {
    ...scope,
    fromSeconds: Math.max(borders[0] ?? 0, scope.fromSeconds ?? -Infinity),
    toSeconds: borders[borders.length - 1],
  };
  return binder.statement(`SELECT period, ${window === undefined ? '0, 0' : '1 - grouping(window_seconds), window_seconds'},
    ${states.merged} AS value_text_form, ${states.mergedCount} AS value_count
  FROM (
    SELECT piece${windowKey}, ${states.value} AS value_state, ${states.count} AS count_state
    FROM (
      SELECT roundDown(CAST(time, 'Int64'), ${cut}) AS piece, ${windowColumn}time, value, value_text,
        kafka_partition, kafka_offset, index_in_record
      FROM (
      ${usageRowsSql(bounded, binder)}
      )
    )
    GROUP BY piece${windowKey}
  )
  ARRAY JOIN arrayFilter((n, f, t) -> f <= piece AND piece < t, arrayEnumerate(${froms}), ${froms}, ${tos}) AS period
  GROUP BY ${window === undefined ? 'period' : 'GROUPING SETS ((period), (period, window_seconds))'}
  ORDER BY period${window === undefined ? '' : ', grouping(window_seconds) DESC, window_seconds'}`);
}
