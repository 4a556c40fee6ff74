import { describe, expect, it } from '@jest/globals';
import { instant, type Instant } from '@ledgerline/kernel';
import { buildPhase, buildSubscription, start } from '../../test/builders.js';
import { decideCancel, decideContinue, decideDelete } from './decide-end.js';
import type { Timing } from './resolve-timing.js';
import { subscriptionStatusAt } from './subscription-status.js';

const at = (day: string): Instant => instant(`2024-${day}T00:00:00Z`);
const running = buildSubscription({ phases: [buildPhase('trial', 'PT0S'), buildPhase('pro', 'P2W')] });

describe('what may happen to a subscription', () => {
  const states = {
    scheduled: { ...running, activeFrom: at('02-01') },
    active: running,
    canceled: { ...running, activeTo: at('02-01') },
    inactive: { ...running, activeTo: at('01-05') },
    deleted: { ...running, deletedAt: at('01-05') },
  };
  const now = at('01-10');
  it.each([
    ['scheduled', 'scheduled', 'delete'],
    ['active', 'active', 'cancel'],
    ['canceled', 'canceled', 'continue'],
    ['inactive', 'inactive', ''],
    ['deleted', 'inactive', ''],
  ] as const)('%s is shown as %s and allows: %s', (state, status, allowed) => {
    const subscription = states[state];
    expect(subscriptionStatusAt(subscription, now)).toBe(status);
    const decisions = {
      cancel: decideCancel(subscription, 'immediate', now),
      continue: decideContinue(subscription, { now, others: [] }),
      delete: decideDelete(subscription, now),
    };
    const accepted = Object.entries(decisions).filter(([, { refused }]) => refused === undefined);
    expect(accepted.map(([name]) => name).join(' ')).toBe(allowed);
    for (const { refused } of Object.values(decisions)) {
      if (refused !== undefined)
        expect([refused.kind, refused.detail]).toEqual(['forbidden', expect.stringContaining(status)]);
    }
  });
});

describe('decideCancel', () => {
  it.each<[string, Timing, string]>([
    ['01-10', 'immediate', '2024-01-10T00:00:00Z'],
    // The trial ends before the month does, and a billing period never spans two phases.
    ['01-10', 'next_billing_cycle', '2024-01-15T00:00:00Z'],
    ['01-20', 'next_billing_cycle', '2024-02-01T00:00:00Z'],
    ['01-10', at('01-15'), '2024-01-15T00:00:00Z'],
    ['01-10', at('02-01'), '2024-02-01T00:00:00Z'],
    ['01-10', at('05-01'), '2024-05-01T00:00:00Z'],
    ['01-10', at('01-20'), 'timing_invalid'],
    ['01-20', at('01-15'), 'timing_invalid'], // a boundary, but past
  ])('on %s with %s: %s', (now, timing, expected) => {
    const decision = decideCancel(running, timing, at(now));
    const outcome =
      decision.refused === undefined
        ? decision.accepted.activeTo?.toString()
        : decision.refused.issues?.[0]?.code;
    expect(outcome).toBe(expected);
  });
});

describe('decideContinue', () => {
  it('refuses when another subscription has taken the place', () => {
    const canceled = { ...running, activeTo: at('02-01') };
    const next = { ...buildSubscription({ id: 'next' }), activeFrom: at('02-01') };
    expect(decideContinue(canceled, { now: start, others: [canceled] })).toMatchObject({
      accepted: { activeTo: undefined },
    });
    expect(decideContinue(canceled, { now: start, others: [canceled, next] })).toMatchObject({
      refused: { kind: 'conflict' },
    });
  });
});
