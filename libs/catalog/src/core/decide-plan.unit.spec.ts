import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { buildContent, buildFeature, buildRateCard, featuresOf } from '../../test/builders.js';
import {
  decideArchivePlan,
  decideCreatePlan,
  decideDeletePlan,
  decidePublishPlan,
  decideUpdatePlan,
} from './decide-plan.js';
import type { Plan } from './plan.js';
import { planStatusAt } from './plan-status.js';

const day = (n: number) => instant(`2025-01-${String(n).padStart(2, '0')}T00:00:00Z`);
const none = featuresOf();
const plan = (rest: Partial<Plan> = {}): Plan => ({
  ...buildContent(),
  id: 'plan',
  namespace: 'default',
  key: 'pro',
  version: 1,
  createdAt: day(1),
  updatedAt: day(1),
  ...rest,
});
const states: Readonly<Record<string, Plan>> = {
  draft: plan(),
  scheduled: plan({ effectiveFrom: day(20) }),
  active: plan({ effectiveFrom: day(2) }),
  archived: plan({ effectiveFrom: day(2), effectiveTo: day(5) }),
  deleted: plan({ deletedAt: day(3) }),
};

describe('planStatusAt', () => {
  it.each([
    [undefined, undefined, 'draft'],
    [day(11), undefined, 'scheduled'],
    [day(11), day(12), 'scheduled'],
    [day(10), undefined, 'active'],
    [day(9), undefined, 'active'],
    [day(9), day(11), 'active'],
    [day(9), day(10), 'archived'],
    [day(10), day(10), 'archived'],
    [day(8), day(9), 'archived'],
  ])('from %s to %s on the 10th: %s', (effectiveFrom, effectiveTo, status) => {
    expect(planStatusAt({ effectiveFrom, effectiveTo }, day(10))).toBe(status);
  });
});

describe('what may happen to a plan', () => {
  const change = { ...buildContent(), name: 'New' };
  const verbs = {
    update: (of: Plan) => decideUpdatePlan(of, change, { now: day(10), features: none }),
    publish: (of: Plan) => decidePublishPlan(of, { now: day(10), active: undefined, features: none }),
    archive: (of: Plan) => decideArchivePlan(of, day(10)),
    delete: (of: Plan) => decideDeletePlan(of, day(10)),
  };
  it.each([
    ['draft', 'update publish delete'],
    ['scheduled', 'update publish delete'],
    ['active', 'archive'],
    ['archived', 'delete'],
    // Deleting twice is a success that changes nothing.
    ['deleted', 'delete'],
  ])('%s: %s', (state, allowed) => {
    const accepted = Object.entries(verbs).filter(([, verb]) => !('refused' in verb(states[state]!)));
    expect(accepted.map(([name]) => name).join(' ')).toBe(allowed);
  });
});

describe('decideCreatePlan', () => {
  const facts = {
    namespace: 'default',
    id: 'plan',
    now: day(1),
    version: 3,
    hasDraft: false,
    features: none,
  };

  it('remembers which feature a key meant', () => {
    const feature = buildFeature();
    const content = buildContent({
      phases: [{ key: 'p', name: 'P', rateCards: [buildRateCard({ key: 'calls', featureKey: 'calls' })] }],
    });
    const created = decideCreatePlan(content, 'pro', { ...facts, features: featuresOf(feature) });
    expect(created).toMatchObject({
      accepted: { version: 3, phases: [{ rateCards: [{ featureKey: 'calls', featureId: feature.id }] }] },
    });
  });

  it('refuses a second draft and critical issues, but not warnings', () => {
    expect(decideCreatePlan(buildContent(), 'pro', { ...facts, hasDraft: true })).toMatchObject({
      refused: { kind: 'invalid' },
    });
    expect(decideCreatePlan(buildContent({ currency: 'ZZZ' }), 'pro', facts)).toMatchObject({
      refused: { detail: 'invalid plan', issues: [{ code: 'currency_invalid' }] },
    });
    expect(decideCreatePlan(buildContent({ phases: [] }), 'pro', facts)).toMatchObject({
      accepted: { phases: [] },
    });
  });
});

describe('decidePublishPlan', () => {
  it('archives the version that was active at the same instant', () => {
    const active = { ...states['active']!, id: 'old' };
    const { accepted } = decidePublishPlan(plan({ version: 2 }), {
      now: day(10),
      active,
      features: none,
    }) as {
      accepted: { published: Plan; archived: Plan };
    };
    expect(accepted.published.effectiveFrom).toEqual(day(10));
    expect(accepted.archived.effectiveTo).toEqual(day(10));
    expect(planStatusAt(accepted.published, day(10))).toBe('active');
    expect(planStatusAt(accepted.archived, day(10))).toBe('archived');
  });

  it('refuses warnings', () => {
    const refused = decidePublishPlan(plan({ phases: [] }), {
      now: day(10),
      active: undefined,
      features: none,
    });
    expect(refused).toMatchObject({ refused: { issues: [{ code: 'plan_with_no_phases' }] } });
  });
});
