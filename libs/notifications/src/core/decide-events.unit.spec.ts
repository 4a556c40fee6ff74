import { describe, expect, it } from '@jest/globals';
import { decimal, instant, max, ZERO } from '@ledgerline/kernel';
import { decideResetEvents, decideThresholdEvents } from './decide-events.js';
import type { Rule } from './rule.js';

const at = instant('2025-01-01T00:00:00Z');
const rule: Rule = {
  id: 'r',
  namespace: 'n',
  type: 'entitlements.balance.threshold',
  name: 'r',
  disabled: false,
  awakeSince: at,
  channelIds: ['c'],
  thresholds: [
    { type: 'PERCENT', value: decimal(95) },
    { type: 'NUMBER', value: decimal(1000) },
  ],
  createdAt: at,
  updatedAt: at,
};
const entitlement = {
  id: 'e',
  createdAt: at,
  measureUsageFrom: at,
  feature: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', key: 'requests' },
};
const january = { from: at, to: instant('2025-02-01T00:00:00Z') };
const february = { from: january.to, to: instant('2025-03-01T00:00:00Z') };

describe('thresholds to tell of', () => {
  it('are told when another one becomes the furthest, and never twice in a row', () => {
    const said = new Map<string, string>();
    const look = (balance: number, usage: number, period = january): string[] =>
      decideThresholdEvents([rule], entitlement, {
        balance: { balance: decimal(balance), usage: decimal(usage), overage: max(ZERO, decimal(-balance)) },
        period,
      }).flatMap(({ threshold, once }) => {
        if (once.kind !== 'series' || said.get(once.series) === once.said) return [];
        said.set(once.series, once.said);
        return [`${threshold.type} ${threshold.value.toString()}`];
      });
    expect(look(100, 50)).toEqual([]);
    expect(look(4, 96)).toEqual(['PERCENT 95']);
    expect(look(3, 97)).toEqual([]);
    expect(look(2004, 96)).toEqual([]);
    expect(look(1004, 1096)).toEqual(['NUMBER 1000']);
    expect(look(4, 2096)).toEqual(['PERCENT 95']);
    expect(look(1004, 2096)).toEqual(['NUMBER 1000']);
    expect(look(100, 0, february)).toEqual([]);
    expect(look(1, 99, february)).toEqual(['PERCENT 95']);
  });

  it('of usage and of balance are series of their own', () => {
    const both: Rule = {
      ...rule,
      thresholds: [
        { type: 'usage_value', value: decimal(10) },
        { type: 'balance_value', value: decimal(50) },
      ],
    };
    const balance = { balance: decimal(20), usage: decimal(80), overage: ZERO };
    const events = decideThresholdEvents([both], entitlement, { balance, period: january });
    expect(events.map(({ threshold }) => threshold.type)).toEqual(['usage_value', 'balance_value']);
    expect(new Set(events.map(({ once }) => once.kind === 'series' && once.series)).size).toBe(2);
  });

  it('concern rules without features and those that name the feature by key or id', () => {
    const rules = [
      { ...rule, id: 'all' },
      { ...rule, id: 'key', features: ['requests'] },
      { ...rule, id: 'id', features: ['01ARZ3NDEKTSV4RRFFQ69G5FAV'] },
      { ...rule, id: 'other', features: ['tokens'] },
      { ...rule, id: 'reset', type: 'entitlements.reset' as const },
    ];
    const balance = { balance: decimal(1), usage: decimal(99), overage: ZERO };
    const events = decideThresholdEvents(rules, entitlement, { balance, period: january });
    expect(events.map((event) => event.rule.id)).toEqual(['all', 'key', 'id']);
  });
});

describe('resets to tell of', () => {
  const resets: Rule = { ...rule, type: 'entitlements.reset', thresholds: undefined };
  const tell = (periodStart: string, more: { happenedAt?: string; isByHand?: boolean } = {}, of = resets) =>
    decideResetEvents([of], entitlement, {
      periodStart: instant(periodStart),
      happenedAt: instant(more.happenedAt ?? periodStart),
      isByHand: more.isByHand ?? false,
    }).map(({ once }) => (once.kind === 'once' ? once.key : once.kind));

  it('are told once per rule, entitlement and period', () => {
    expect(tell('2025-02-01T00:00:00Z')).toEqual(['reset/r/e/2025-02-01T00:00:00Z']);
  });

  it('are not the beginning of the first period, unless somebody reset it', () => {
    expect(tell('2025-01-01T00:00:00Z')).toEqual([]);
    expect(tell('2025-01-01T00:00:00Z', { isByHand: true })).toHaveLength(1);
  });

  it('are those that happened while the rule was switched on', () => {
    const woken = { ...resets, awakeSince: instant('2025-02-10T00:00:00Z') };
    expect(tell('2025-02-01T00:00:00Z', {}, woken)).toEqual([]);
    expect(tell('2025-02-11T00:00:00Z', {}, woken)).toHaveLength(1);
    // Made after the rule woke, with effect from before.
    const late = { happenedAt: '2025-02-12T00:00:00Z', isByHand: true };
    expect(tell('2025-02-09T00:00:00Z', late, woken)).toHaveLength(1);
  });
});
