import { describe, expect, it } from '@jest/globals';
import type { FeaturesByReference, PlanContent } from '@ledgerline/catalog/core';
import { acceptedOrThrow, instant, refusal } from '@ledgerline/kernel';
import { buildContent, buildRateCard, buildSubscription, duration, start } from '../../test/builders.js';
import { type CreateFacts, decideCreate, type SubscriptionDraft } from './decide-create.js';

const noFeatures: FeaturesByReference = { byId: new Map(), liveByKey: new Map() };
const customer = {
  id: 'customer',
  namespace: 'default',
  name: 'Acme',
  usageAttribution: { subjectKeys: [] },
  createdAt: start,
  updatedAt: start,
};
const plan = { id: 'plan', key: 'pro', version: 2 };

function create(
  draft: Partial<SubscriptionDraft> = {},
  facts: Partial<CreateFacts> = {},
  content: Partial<PlanContent> = {},
) {
  let ids = 0;
  return decideCreate(
    { timing: 'immediate', ...draft },
    {
      namespace: 'default',
      now: start,
      customer,
      offer: { content: buildContent(content), plan },
      features: noFeatures,
      notReady: undefined,
      others: [],
      nextId: () => `id${++ids}`,
      ...facts,
    },
  );
}
const refusedBy = (decision: ReturnType<typeof create>) =>
  decision.refused === undefined
    ? 'accepted'
    : `${decision.refused.kind} ${(decision.refused.issues ?? []).map(({ code }) => code).join(' ')}`.trim();

describe('decideCreate', () => {
  it('starts now, anchors there and takes the plan’s name', () => {
    expect(create()).toMatchObject({
      accepted: {
        subscription: {
          id: 'id1',
          name: 'Pro',
          customerId: 'customer',
          currency: 'USD',
          plan,
          activeFrom: start,
          billingAnchor: start,
          phases: [{ id: 'id2', key: 'default', items: [{ id: 'id3', key: 'base' }] }],
        },
        newCurrency: 'USD',
      },
    });
  });

  it.each([
    ['immediate', 'accepted'],
    [instant('2024-01-20T00:00:00Z'), 'accepted'],
    [instant('2023-12-31T23:58:00Z'), 'accepted'], // clocks differ by up to two minutes
    [instant('2023-12-31T23:57:59Z'), 'invalid timing_invalid'],
    ['next_billing_cycle', 'invalid timing_invalid'],
    [instant('9999-12-31T00:00:00Z'), 'invalid time_out_of_range'],
  ] as const)('timing %s: %s', (timing, expected) => {
    expect(refusedBy(create({ timing }))).toBe(expected);
  });

  it('refuses an anchor that nothing can be reckoned from', () => {
    const billingAnchor = instant('0000-01-01T00:00:00Z');
    expect(refusedBy(create({ billingAnchor }))).toBe('invalid time_out_of_range');
  });

  it('passes over the phases before the starting one', () => {
    const card = [buildRateCard()];
    const phases = [
      { key: 'trial', name: 'T', duration: duration('P1M'), rateCards: card },
      { key: 'ramp', name: 'R', duration: duration('P2W'), rateCards: card },
      { key: 'pro', name: 'P', rateCards: card },
    ];
    const startsOf = (startingPhase?: string) =>
      acceptedOrThrow(create({ startingPhase }, {}, { phases })).subscription.phases.map(({ startAfter }) =>
        startAfter.toString(),
      );
    expect(startsOf()).toEqual(['PT0S', 'P1M', 'P1M2W']);
    expect(startsOf('ramp')).toEqual(['PT0S', 'PT0S', 'P2W']);
    expect(startsOf('pro')).toEqual(['PT0S', 'PT0S', 'PT0S']);
    expect(refusedBy(create({ startingPhase: 'gone' }, {}, { phases }))).toBe(
      'invalid starting_phase_unknown',
    );
  });

  it('needs one currency, and a customer that can be invoiced, as soon as something has a price', () => {
    const euro = { customer: { ...customer, currency: 'EUR' } };
    const notReady = { notReady: refusal.notFound('no billing profile') };
    const free = { phases: [{ key: 'p', name: 'P', rateCards: [buildRateCard({ price: null })] }] };
    expect(refusedBy(create({}, euro))).toBe('invalid');
    expect(refusedBy(create({}, notReady))).toBe('not-found');
    expect(refusedBy(create({}, { ...euro, ...notReady }, free))).toBe('accepted');
    expect(create({}, {}, free)).toMatchObject({ accepted: { newCurrency: undefined } });
    const same = { customer: { ...customer, currency: 'USD' } };
    expect(create({}, same)).toMatchObject({ accepted: { newCurrency: undefined } });
  });

  it('allows one subscription at a time and names both sides of a clash', () => {
    const code = 'only_single_subscription_allowed_per_customer_at_a_time';
    const running = buildSubscription({ id: 'other' });
    expect(refusedBy(create({}, { others: [running] }))).toBe(`conflict ${code} ${code}`);
    const ending = { ...running, activeTo: instant('2024-02-01T00:00:00Z') };
    expect(refusedBy(create({}, { others: [ending] }))).toBe(`conflict ${code} ${code}`);
    const after = create({ timing: instant('2024-02-01T00:00:00Z') }, { others: [ending] });
    expect(refusedBy(after)).toBe('accepted');
  });

  it('holds a custom plan to everything, warnings included, below $.plan', () => {
    const content = buildContent({ phases: [{ key: 'p', name: 'P', rateCards: [] }] });
    const refused = create({}, { offer: { content } });
    expect(refused).toMatchObject({
      refused: {
        kind: 'invalid',
        issues: [{ code: 'plan_phase_has_no_rate_cards', field: "$.plan.phases[?(@.key=='p')].ratecards" }],
      },
    });
    expect(create({}, { offer: { content: buildContent() } })).toMatchObject({
      accepted: { subscription: { plan: undefined } },
    });
  });
});
