import { describe, expect, it } from '@jest/globals';
import { acceptedOrThrow, instant, toNumeric, toRfc3339 } from '@ledgerline/kernel';
import { aGrant, minuteAt, repeats } from '../../test/builders.js';
import { usageWithin } from '../../test/burn-table.js';
import { burnBalance, type CreditAccount } from './balance.js';
import { balancesAtEnd, burndownHistory, historyWindows, planHistory, windowedHistory } from './history.js';
import type { Aggregation } from './snapshot.js';

const account = (aggregation: Aggregation): CreditAccount => ({
  aggregation,
  grants: [aGrant('A'), aGrant('B', { effectiveAt: minuteAt('2025-01-01T02:30:00Z'), priority: 2 })],
  usagePeriods: [{ ...repeats('P1M', '2025-01-01T00:00:00Z'), from: instant('2025-01-01T00:00:00Z') }],
  preserveOverageAtReset: false,
});
const uses = [
  { at: minuteAt('2025-01-01T00:10:00Z'), value: '70' },
  { at: minuteAt('2025-01-01T01:10:00Z'), value: '50' },
  { at: minuteAt('2025-01-01T03:10:00Z'), value: '10' },
];

function story(aggregation: Aggregation): { readonly windows: string[]; readonly segments: string[] } {
  const from = minuteAt('2025-01-01T00:00:00Z');
  const to = minuteAt('2025-01-01T05:00:00Z');
  const windows = acceptedOrThrow(historyWindows({ from, to, measureUsageFrom: from }, 'HOUR', 'UTC'));
  const plan = planHistory({ ...account(aggregation), from, to, windows });
  const run = burnBalance(
    plan,
    plan.windows.map((window) => usageWithin(uses, aggregation, window)),
  );
  const withUsage = windows.map((window) => ({
    ...window,
    usage: usageWithin(uses, aggregation, {
      from: minuteAt(toRfc3339(window.from)),
      to: minuteAt(toRfc3339(window.to)),
    }),
  }));
  return {
    windows: windowedHistory(run, plan.historyFrom, withUsage).map(
      (window) => `${toRfc3339(window.from).slice(11, 16)} ${toNumeric(window.balanceAtStart)}`,
    ),
    segments: burndownHistory(run, plan.historyFrom).map((segment) => {
      const ends = [...balancesAtEnd(segment)].map(([id, left]) => `${id} ${toNumeric(left)}`);
      return `${toRfc3339(segment.from).slice(11, 16)}: ${ends.join(', ')}, overage ${toNumeric(segment.overageAtEnd)}`;
    }),
  };
}

describe('a balance history', () => {
  it('runs down from each segment, and shows a grant at the window after it starts', () => {
    expect(story('SUM')).toEqual({
      // 100 − 70 − 50 leaves 20 overage, which B pays at 02:30; the running figure ignores it, as the original does.
      windows: ['00:00 100', '01:00 30', '02:00 0', '03:00 100', '04:00 90'],
      segments: ['00:00: A 0, overage 20', '02:30: A 0, B 70, overage 0'],
    });
  });

  it('shows the level of a gauge', () => {
    expect(story('LATEST')).toEqual({
      windows: ['00:00 100', '01:00 30', '02:00 50', '03:00 150', '04:00 190'],
      segments: ['00:00: A 50, overage 0', '02:30: A 90, B 100, overage 0'],
    });
  });
});

describe('history windows', () => {
  const windows = (
    from: string,
    to: string,
    size: 'DAY' | 'MONTH' | 'HOUR' | 'MINUTE',
    zone: string,
  ): string[] =>
    acceptedOrThrow(
      historyWindows(
        { from: instant(from), to: instant(to), measureUsageFrom: instant('2025-01-01T00:00:00Z') },
        size,
        zone,
      ),
    ).map((window) => toRfc3339(window.from));

  it('follow the clock of the zone, through a change of its offset', () => {
    expect(windows('2025-03-30T01:00:00Z', '2025-04-01T00:00:00Z', 'DAY', 'Europe/Budapest')).toEqual([
      '2025-03-29T23:00:00Z',
      '2025-03-30T22:00:00Z',
      '2025-03-31T22:00:00Z',
    ]);
    expect(windows('2025-03-15T00:00:00Z', '2025-05-01T00:00:00Z', 'MONTH', 'UTC')).toEqual([
      '2025-03-01T00:00:00Z',
      '2025-04-01T00:00:00Z',
    ]);
  });

  it('leave out a window that starts before measurement', () => {
    expect(windows('2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z', 'DAY', 'America/New_York')).toEqual([
      '2025-01-01T05:00:00Z',
    ]);
  });

  it('are refused when they are too many', () => {
    expect(() => windows('2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'MINUTE', 'UTC')).toThrow(
      'larger windows',
    );
  });
});
