import {
  compareInstants,
  type Decimal,
  type Decision,
  earliest,
  floorToMinute,
  type Instant,
  invariant,
  max,
  type MinuteInstant,
  type Period,
  refusal,
  sum,
  type Temporal,
  ZERO,
} from '@ledgerline/kernel';
import { type BalancePlan, type BalanceQuery, measureUsageFrom, planBalance } from './balance.js';
import type { BurnResult, GrantUsage, Segment } from './burn-down.js';
import type { Aggregation } from './snapshot.js';

export type WindowSize = 'MINUTE' | 'HOUR' | 'DAY' | 'MONTH';

export interface WindowUsage extends Period {
  readonly usage: Decimal;
}

export interface HistoryWindow extends WindowUsage {
  readonly balanceAtStart: Decimal;
}

export interface HistoryQuery extends Omit<BalanceQuery, 'at' | 'cuts'> {
  readonly from: MinuteInstant;
  readonly to: MinuteInstant;
  readonly windows: readonly Period[];
}

export interface HistoryPlan extends BalancePlan {
  /** Where the history starts: `from`, or the first window's start when that is earlier. */
  readonly historyFrom: MinuteInstant;
}

// A month of minutes is 44,640 windows; each costs some 150 bytes in the answer, so this stays under 8 MB.
const historyWindowsMax = 50_000;

const unitOf: Readonly<Record<WindowSize, 'minute' | 'hour' | 'day'>> = {
  MINUTE: 'minute',
  HOUR: 'hour',
  DAY: 'day',
  MONTH: 'day',
};

/** Whole windows of the zone's clock covering [from, to), without those that start before measurement did. */
export function historyWindows(
  bounds: { readonly from: Instant; readonly to: Instant; readonly measureUsageFrom: Instant },
  size: WindowSize,
  timeZone: string,
): Decision<readonly Period[]> {
  const windows: Period[] = [];
  let start = floorToWindow(bounds.from.toZonedDateTimeISO(timeZone), size);
  while (compareInstants(start.toInstant(), bounds.to) < 0) {
    const next = nextWindow(start, size);
    const window = { from: start.toInstant(), to: next.toInstant() };
    if (compareInstants(window.from, bounds.measureUsageFrom) >= 0) windows.push(window);
    if (windows.length > historyWindowsMax) {
      return {
        refused: refusal.invalid(
          `the history has more than ${historyWindowsMax} windows: ask for larger windows`,
        ),
      };
    }
    start = next;
  }
  return { accepted: windows };
}

function floorToWindow(at: Temporal.ZonedDateTime, size: WindowSize): Temporal.ZonedDateTime {
  const floored =
    size === 'DAY' || size === 'MONTH'
      ? at.startOfDay()
      : at.round({ smallestUnit: unitOf[size], roundingMode: 'floor' });
  return size === 'MONTH' ? floored.with({ day: 1 }).startOfDay() : floored;
}

function nextWindow(start: Temporal.ZonedDateTime, size: WindowSize): Temporal.ZonedDateTime {
  if (size === 'MONTH') return start.add({ months: 1 }).startOfDay();
  return size === 'DAY' ? start.add({ days: 1 }).startOfDay() : start.add({ [`${unitOf[size]}s`]: 1 });
}

/** A balance plan up to `to`, cut so that the history can be read off its segments. */
export function planHistory(query: HistoryQuery): HistoryPlan {
  const windowStarts = query.windows.map(({ from }) => from);
  const historyFrom = floorToMinute(earliest(query.from, ...windowStarts));
  invariant(compareInstants(measureUsageFrom(query), historyFrom) <= 0, 'no history before measurement');
  const cuts = [historyFrom, ...windowStarts.map(floorToMinute)];
  return { ...planBalance({ ...query, at: query.to, cuts }), historyFrom };
}

/** The engine's segments from `historyFrom` on; what was cut only for the windows is joined again. */
export function burndownHistory(run: BurnResult, historyFrom: MinuteInstant): readonly Segment[] {
  return stretches(run, historyFrom).map((parts) => parts.reduce((a, b) => join(a, b, run.aggregation)));
}

/**
 * The balance at each window's start. It runs down from the start of the engine segment the window lies in, so a
 * grant, expiry or reset inside a window shows at the next one, and the overage a segment carries in is not shown.
 */
export function windowedHistory(
  run: BurnResult,
  historyFrom: MinuteInstant,
  windows: readonly WindowUsage[],
): readonly HistoryWindow[] {
  const starts = new Map<number, Decimal>();
  for (const parts of stretches(run, historyFrom)) {
    const first = parts[0];
    if (first === undefined) continue;
    let left = sum(first.balancesAtStart.values());
    for (const part of parts) {
      // Segments at one instant follow each other; the last says what holds from there on.
      starts.set(part.from.epochMilliseconds, max(ZERO, left));
      left = run.aggregation === 'LATEST' ? sum(first.balancesAtStart.values()) : left;
      left = left.minus(part.usage);
    }
  }
  return windows.map((window) => {
    const balanceAtStart = starts.get(window.from.epochMilliseconds);
    invariant(balanceAtStart !== undefined, 'the plan is cut at the start of each window');
    return { ...window, balanceAtStart };
  });
}

/** Balances of a segment's grants at its end. */
export function balancesAtEnd(segment: Segment): ReadonlyMap<string, Decimal> {
  const balances = new Map(segment.balancesAtStart);
  for (const { grantId, usage } of segment.grantUsages)
    balances.set(grantId, (balances.get(grantId) ?? ZERO).minus(usage));
  return balances;
}

/** Runs of segments that only cuts divide. */
function stretches(run: BurnResult, historyFrom: MinuteInstant): readonly (readonly Segment[])[] {
  const found: Segment[][] = [];
  let isOpen = false;
  for (const segment of run.history) {
    if (compareInstants(segment.from, historyFrom) < 0) continue;
    if (isOpen) found.at(-1)?.push(segment);
    else found.push([segment]);
    isOpen = segment.endedBy.length === 0;
  }
  return found;
}

function join(a: Segment, b: Segment, aggregation: Aggregation): Segment {
  const isGauge = aggregation === 'LATEST';
  return {
    from: a.from,
    to: b.to,
    usage: isGauge ? b.usage : a.usage.plus(b.usage),
    overageAtStart: a.overageAtStart,
    overageAtEnd: b.overageAtEnd,
    balancesAtStart: a.balancesAtStart,
    grantUsages: isGauge ? b.grantUsages : joinUsages(a, b),
    endedBy: b.endedBy,
  };
}

// Each list is in burn order and both have the same grants in play, so the segment's own grants give the order.
function joinUsages(a: Segment, b: Segment): readonly GrantUsage[] {
  return [...a.balancesAtStart.keys()].flatMap((grantId) => {
    const parts = [...a.grantUsages, ...b.grantUsages].filter((usage) => usage.grantId === grantId);
    if (parts.length === 0) return [];
    return [
      {
        grantId,
        usage: sum(parts.map(({ usage }) => usage)),
        isExhausted: parts.at(-1)?.isExhausted ?? false,
      },
    ];
  });
}
