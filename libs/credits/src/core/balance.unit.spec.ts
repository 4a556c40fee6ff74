import { describe, expect, it } from '@jest/globals';
import { decimal, instant, toNumeric } from '@ledgerline/kernel';
import { aGrant, minuteAt, repeats } from '../../test/builders.js';
import { usageWithin } from '../../test/burn-table.js';
import {
  type Balance,
  balanceOf,
  burnBalance,
  type CreditAccount,
  hasAccess,
  planBalance,
} from './balance.js';
import type { BurnResult } from './burn-down.js';
import type { Grant } from './grant.js';
import type { Snapshot } from './snapshot.js';

const account = (grants: readonly Grant[]): CreditAccount => ({
  aggregation: 'SUM',
  grants,
  usagePeriods: [{ ...repeats('P1M', '2025-01-01T00:00:00Z'), from: instant('2025-01-01T00:00:00Z') }],
  preserveOverageAtReset: false,
});

interface Given {
  readonly grants: readonly Grant[];
  readonly uses: readonly (readonly [string, number])[];
}

function run({ grants, uses }: Given, at: string, keepUpTo?: string, snapshot?: Snapshot): BurnResult {
  const plan = planBalance({ ...account(grants), at: minuteAt(at), snapshot });
  const listed = uses.map(([time, value]) => ({ at: minuteAt(time), value: String(value) }));
  return burnBalance(
    plan,
    plan.windows.map((window) => usageWithin(listed, 'SUM', window)),
    { keepUpTo: keepUpTo === undefined ? undefined : minuteAt(keepUpTo) },
  );
}

const total = (given: Given, at: string): string =>
  toNumeric(balanceOf(run(given, at)).totalAvailableGrantAmount);

describe('a balance', () => {
  const grants = [
    aGrant('A', { amount: decimal(1000), maxRollover: decimal(1000) }),
    aGrant('B', {
      amount: decimal(1000),
      maxRollover: decimal(1000),
      priority: 10,
      effectiveAt: minuteAt('2025-02-03T00:00:00Z'),
    }),
  ];
  const uses = [
    ['2025-01-01T00:01:00Z', 200],
    ['2025-02-02T00:00:00Z', 200],
    ['2025-02-04T00:00:00Z', 200],
  ] as const;

  it('keeps the snapshot asked for: the latest phase start in time, before its usage', () => {
    const { kept } = run({ grants, uses }, '2025-02-10T00:00:00Z', '2025-02-04T12:00:00Z');
    expect(kept?.at.toString()).toBe('2025-02-03T00:00:00Z');
    expect([...(kept?.balances ?? [])].map(([id, left]) => `${id} ${toNumeric(left)}`)).toEqual([
      'A 600',
      'B 1000',
    ]);
    expect(kept?.usage.since.toString()).toBe('2025-02-01T00:00:00Z');
    expect(kept && toNumeric(kept.usage.value)).toBe('200');
  });

  it('keeps none at the start of the run, which the caller has already', () => {
    expect(run({ grants, uses }, '2025-01-10T00:00:00Z', '2025-01-10T00:00:00Z').kept).toBeUndefined();
  });

  it('asks for the usage of each phase, and only since the snapshot', () => {
    const { kept } = run({ grants, uses }, '2025-02-10T00:00:00Z', '2025-02-10T00:00:00Z');
    const at = minuteAt('2025-02-10T00:00:00Z');
    const spans = (snapshot?: Snapshot): string[] =>
      planBalance({ ...account(grants), at, snapshot }).windows.map(
        ({ from, to }) => `${from.toString().slice(5, 10)} ${to.toString().slice(5, 10)}`,
      );
    expect(spans()).toEqual(['01-01 02-01', '02-01 02-03', '02-03 02-10']);
    expect(spans(kept)).toEqual(['02-03 02-10']);
  });

  it('does not top up again when a snapshot lies on a recurrence that has paid overage', () => {
    const recurring = [aGrant('R', { recurrence: repeats('P1D', '2025-01-01T00:00:00Z') })];
    const used = [['2025-01-01T01:00:00Z', 120]] as const;
    const { end } = run({ grants: recurring, uses: used }, '2025-01-02T00:00:00Z');
    const later = run({ grants: recurring, uses: used }, '2025-01-02T01:00:00Z', undefined, end);
    expect([end, later.end].map(({ balances }) => balances.get('R')?.toNumber())).toEqual([80, 80]);
  });

  it('gives a grant that a snapshot does not know yet its full amount', () => {
    const before = run({ grants: [grants[0]!], uses }, '2025-02-03T00:00:00Z').end;
    const after = balanceOf(run({ grants, uses }, '2025-02-10T00:00:00Z', undefined, before));
    expect(toNumeric(after.balance)).toBe('1400');
  });

  it('totals active amounts and what ended grants paid in this usage period, not before', () => {
    const ending = [
      aGrant('A', { maxRollover: decimal(100), expiresAt: minuteAt('2025-02-10T00:00:00Z') }),
      aGrant('B', { amount: decimal(50), maxRollover: decimal(50), priority: 2 }),
    ];
    const given = {
      grants: ending,
      uses: [
        ['2025-01-05T00:00:00Z', 30],
        ['2025-02-05T00:00:00Z', 20],
      ] as const,
    };
    expect(total(given, '2025-02-09T00:00:00Z')).toBe('150');
    expect(total(given, '2025-02-11T00:00:00Z')).toBe('70');
    expect(total(given, '2025-03-02T00:00:00Z')).toBe('50');
  });

  it('gives access while there is credit, or always when the limit is soft', () => {
    const value = (balance: number): Pick<Balance, 'balance'> => ({ balance: decimal(balance) });
    expect([hasAccess(value(1), false), hasAccess(value(0), false), hasAccess(value(0), true)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('refuses usage that does not answer the plan', () => {
    const plan = planBalance({ ...account(grants), at: minuteAt('2025-01-10T00:00:00Z') });
    expect(() => burnBalance(plan, [])).toThrow('usage answers each window');
    expect(() => burnBalance(plan, [decimal(1), decimal(1)])).toThrow('no more than the windows');
  });
});
