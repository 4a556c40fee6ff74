import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { buildItem, buildPhase, buildRateCard, buildSubscription, duration } from '../../test/builders.js';
import { planEntitlements, withEntitlements } from './plan-entitlements.js';
import type { Subscription } from './subscription.js';

const calls = buildRateCard({
  key: 'calls',
  featureKey: 'calls',
  featureId: 'feature',
  entitlementTemplate: { type: 'metered', issueAfterReset: 100 },
});
const spec = {
  billingAnchor: instant('2024-01-01T10:20:30Z'),
  phases: [
    buildPhase('trial', 'PT0S', buildItem({ rateCard: calls }), buildItem()),
    buildPhase('pro', 'P1M', buildItem({ rateCard: calls })),
  ],
};
const fresh = buildSubscription(spec);
const made = new Map([
  ['trial/calls@0', 'e1'],
  ['pro/calls@0', 'e2'],
]);
const owning = withEntitlements(fresh, planEntitlements(undefined, fresh), made);
const stepsTo = (after: Partial<Subscription>, before = owning): string[] =>
  planEntitlements(before, { ...before, ...after }).map((step) =>
    step.kind === 'create'
      ? `create ${step.itemId}`
      : `end ${step.entitlementId} at ${step.at?.toString() ?? 'never'}${step.forget ? ', forget' : ''}`,
  );

describe('planEntitlements', () => {
  it('makes one for every item with a template, in the cadence of the item', () => {
    const [first, second] = planEntitlements(undefined, fresh);
    expect(first).toMatchObject({
      kind: 'create',
      itemId: 'trial/calls@0',
      entitlement: {
        customerId: 'customer',
        subscriptionId: 'subscription',
        featureId: 'feature',
        featureKey: 'calls',
        activeFrom: instant('2024-01-01T00:00:00Z'),
        activeTo: instant('2024-02-01T00:00:00Z'),
        usagePeriodAnchor: instant('2024-01-01T10:20:00Z'),
        measureUsageFrom: instant('2024-01-01T00:00:00Z'),
      },
    });
    expect(second).toMatchObject({
      itemId: 'pro/calls@0',
      entitlement: { activeTo: undefined, measureUsageFrom: instant('2024-02-01T00:00:00Z') },
    });
  });

  it.each([
    ['{"a":1}', '{"a":1}'],
    ['"{\\"a\\":1}"', '{"a":1}'], // a JSON text within a JSON string, as OpenMeter writes it
    ['"plain"', '"plain"'],
  ])('unwraps the static configuration %s', (config, expected) => {
    const rateCard = buildRateCard({
      key: 'flags',
      featureKey: 'flags',
      featureId: 'feature',
      entitlementTemplate: { type: 'static', config },
    });
    const [step] = planEntitlements(
      undefined,
      buildSubscription({ phases: [buildPhase('p', 'PT0S', buildItem({ rateCard }))] }),
    );
    expect(step).toMatchObject({ entitlement: { template: { config: expected } } });
  });

  it('counts usage from the start of the phase although the item came later', () => {
    const late = buildItem({ rateCard: calls, activeFromOffset: duration('P5D') });
    const [step] = planEntitlements(
      undefined,
      buildSubscription({ phases: [buildPhase('p', 'PT0S', late)] }),
    );
    expect(step).toMatchObject({
      entitlement: {
        activeFrom: instant('2024-01-06T00:00:00Z'),
        measureUsageFrom: instant('2024-01-01T00:00:00Z'),
      },
    });
  });

  it('makes none for a phase that is passed over', () => {
    const phases = [
      { ...spec.phases[0]!, sortHint: 0 },
      { ...spec.phases[1]!, startAfter: duration('PT0S'), sortHint: 1 },
    ];
    const steps = planEntitlements(undefined, buildSubscription({ phases }));
    expect(steps.map(({ itemId }) => itemId)).toEqual(['pro/calls@0']);
  });

  it('changes nothing when nothing changes', () => {
    expect(stepsTo({})).toEqual([]);
  });

  it('moves ends with a cancellation, and forgets what never comes to be', () => {
    expect(stepsTo({ activeTo: instant('2024-03-10T00:00:00Z') })).toEqual([
      'end e2 at 2024-03-10T00:00:00Z',
    ]);
    expect(stepsTo({ activeTo: instant('2024-01-10T00:00:00Z') })).toEqual([
      'end e1 at 2024-01-10T00:00:00Z',
      'end e2 at 2024-02-01T00:00:00Z, forget',
    ]);
    expect(stepsTo({ deletedAt: instant('2023-12-10T00:00:00Z') })).toEqual([
      'end e1 at 2024-01-01T00:00:00Z, forget',
      'end e2 at 2024-02-01T00:00:00Z, forget',
    ]);
  });

  it('opens ends again, and makes what had been forgotten', () => {
    const canceled = { ...owning, activeTo: instant('2024-01-10T00:00:00Z') };
    const committed = withEntitlements(canceled, planEntitlements(owning, canceled), new Map());
    expect(stepsTo({ activeTo: undefined }, committed)).toEqual([
      'end e1 at 2024-02-01T00:00:00Z',
      'create pro/calls@0',
    ]);
  });
});
