import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { refusal } from '@ledgerline/kernel';
import { refuseAsConflict, SubscriptionsWorld } from '../../test/subscriptions-world.js';

const flatFee = {
  type: 'flat_fee',
  key: 'base',
  name: 'Base fee',
  billingCadence: 'P1M',
  price: { type: 'flat', amount: '6' },
};
const start = '2025-01-01T00:00:00Z';

describe('subscriptions over HTTP', () => {
  let world: SubscriptionsWorld;
  let n = 0;
  let customer: { id: string; key: string };
  let planKey = '';
  let feature: { id: string; key: string };
  beforeAll(async () => {
    world = await SubscriptionsWorld.open(start);
    await world.create('/meters', { slug: 'calls', aggregation: 'COUNT', eventType: 'call' });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    n += 1;
    world.neighbours.reset();
    world.clock.set(start);
    planKey = `plan_${n}`;
    customer = await world.create('/customers', { key: `customer-${n}`, name: 'Acme' });
    feature = await world.create('/features', { key: `calls_${n}`, name: 'Calls', meterSlug: 'calls' });
  });

  const perCall = () => ({
    type: 'usage_based',
    key: feature.key,
    name: 'Calls',
    featureKey: feature.key,
    billingCadence: 'P1M',
    price: { type: 'unit', amount: '10' },
    entitlementTemplate: { type: 'metered', issueAfterReset: 100, isSoftLimit: true },
  });
  const planBody = (rest: object = {}) => ({
    key: planKey,
    name: 'Pro',
    currency: 'USD',
    billingCadence: 'P1M',
    phases: [{ key: 'default', name: 'Default', duration: null, rateCards: [flatFee, perCall()] }],
    ...rest,
  });
  async function publish(rest: object = {}): Promise<{ id: string; version: number }> {
    const plan = await world.create('/plans', planBody(rest));
    return world.create(`/plans/${plan.id}/publish`);
  }
  const subscribe = (rest: object = {}) =>
    world.call('POST', '/subscriptions', { customerId: customer.id, plan: { key: planKey }, ...rest });
  async function subscribed(rest: object = {}) {
    const { status, body } = await subscribe(rest);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  }
  const codesOf = (body: { extensions?: { validationErrors?: { code: string }[] } }): string[] =>
    (body.extensions?.validationErrors ?? []).map(({ code }) => code);

  it('starts from the active version of a plan and shows it expanded', async () => {
    const plan = await publish();
    const created = await subscribe({ metadata: { a: 'b' } });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      name: 'Pro',
      metadata: { a: 'b' },
      customerId: customer.id,
      plan: { id: plan.id, key: planKey, version: 1 },
      currency: 'USD',
      billingCadence: 'P1M',
      billingAnchor: start,
      proRatingConfig: { enabled: true, mode: 'prorate_prices' },
      alignment: { billablesMustAlign: true },
      status: 'active',
      activeFrom: start,
      createdAt: start,
      updatedAt: start,
    });
    const { id } = created.body;
    const { body } = await world.call('GET', `/subscriptions/${id}`);
    expect(body).toMatchObject({
      id,
      alignment: {
        billablesMustAlign: true,
        currentAlignedBillingPeriod: { from: start, to: '2025-02-01T00:00:00Z' },
      },
      phases: [{ key: 'default', activeFrom: start, items: [{ key: 'base' }, { key: feature.key }] }],
    });
    const [item] = body.phases[0].itemTimelines[feature.key];
    expect(item).toMatchObject({
      featureKey: feature.key,
      price: { type: 'unit', amount: '10' },
      activeFrom: start,
      included: { feature: { id: feature.id, key: feature.key } },
    });
    expect(await world.factsOf(`subscription:${id}`)).toEqual([
      { type: 'SubscriptionCreated', data: { subscriptionId: id, customerId: customer.id } },
    ]);
    expect([...world.neighbours.entitlements.values()]).toMatchObject([
      { customerId: customer.id, subscriptionId: id, itemId: item.id, featureId: feature.id },
    ]);
    expect((await world.call('GET', `/customers/${customer.id}?expand=subscriptions`)).body).toMatchObject({
      currency: 'USD',
      currentSubscriptionId: id,
      subscriptions: [created.body],
    });
  });

  it('is not touched by what becomes of the plan', async () => {
    const plan = await publish();
    const { id } = await subscribed();
    await world.create(`/plans/${plan.id}/archive`);
    expect((await world.call('GET', `/subscriptions/${id}`)).body.plan).toEqual({
      id: plan.id,
      key: planKey,
      version: 1,
    });
    expect((await subscribe({ customerId: customer.id })).status).toBe(400);
  });

  it.each<[string, () => object, number]>([
    ['no customer', () => ({ customerId: undefined }), 400],
    ['an unknown customer', () => ({ customerId: '01G65Z755AFWAKHE12NY0CQ9FH' }), 404],
    ['an unknown plan', () => ({ plan: { key: 'no_such_plan' } }), 404],
    ['an unknown version', () => ({ plan: { key: planKey, version: 7 } }), 404],
    ['a version no plan can have', () => ({ plan: { key: planKey, version: 3_000_000_000 } }), 404],
    ['an unknown starting phase', () => ({ startingPhase: 'no_such_phase' }), 400],
    ['a start in the past', () => ({ timing: '2024-12-31T00:00:00Z' }), 400],
    ['a start at the next cycle', () => ({ timing: 'next_billing_cycle' }), 400],
  ])('refuses %s', async (_what, rest, status) => {
    await publish();
    const answer = await subscribe(rest());
    expect([answer.status, answer.body.type]).toEqual([status, 'about:blank']);
    expect((await world.call('GET', `/customers/${customer.id}/subscriptions`)).body.items).toEqual([]);
  });

  it('honours the version, which must be the active one', async () => {
    await publish();
    world.clock.set('2025-01-02T00:00:00Z');
    await publish({ name: 'Pro 2' });
    expect((await subscribe({ plan: { key: planKey, version: 1 } })).status).toBe(400);
    expect((await subscribed({ plan: { key: planKey, version: 2 } })).name).toBe('Pro 2');
  });

  it('refuses a deleted customer with 412', async () => {
    await publish();
    await world.call('DELETE', `/customers/${customer.id}`);
    expect((await subscribe()).status).toBe(412);
    expect((await world.call('GET', `/customers/${customer.id}/subscriptions`)).status).toBe(412);
    expect((await world.call('GET', '/customers/nobody/subscriptions')).status).toBe(404);
  });

  it('allows one at a time, also to requests that race', async () => {
    await publish();
    const answers = await Promise.all(Array.from({ length: 4 }, () => subscribe()));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    const code = 'only_single_subscription_allowed_per_customer_at_a_time';
    expect(codesOf(answers.find(({ status }) => status === 409)!.body)).toEqual([code, code]);
    expect(world.neighbours.entitlements.size).toBe(1);
  });

  it('writes nothing when an entitlement or the billing stands in the way', async () => {
    await publish();
    world.neighbours.refuseEntitlement = refuseAsConflict;
    expect((await subscribe()).status).toBe(409);
    world.neighbours.refuseEntitlement = undefined;
    world.neighbours.notReady = refusal.notFound('the customer has no billing profile');
    expect((await subscribe()).status).toBe(404);
    const { body } = await world.call('GET', `/customers/${customer.id}/subscriptions`);
    expect(body).toEqual({ items: [], totalCount: 0, page: 1, pageSize: 100 });
    expect((await world.call('GET', `/customers/${customer.id}`)).body).not.toHaveProperty('currency');
  });

  it('refuses a customer who is billed in another currency', async () => {
    await publish();
    const euro = await world.create('/customers', { key: `euro-${n}`, name: 'Euro', currency: 'EUR' });
    expect((await subscribe({ customerId: euro.id })).status).toBe(400);
  });

  it('ends at once, or with the billing period', async () => {
    await publish();
    const { id } = await subscribed({ customerId: undefined, customerKey: customer.key });
    world.clock.set('2025-01-10T00:00:00Z');
    const unaligned = await world.call('POST', `/subscriptions/${id}/cancel`, {
      timing: '2025-01-20T00:00:00Z',
    });
    expect(unaligned.status).toBe(400);

    const canceled = await world.call('POST', `/subscriptions/${id}/cancel`, {
      timing: 'next_billing_cycle',
    });
    expect([canceled.status, canceled.body.status, canceled.body.activeTo]).toEqual([
      200,
      'canceled',
      '2025-02-01T00:00:00Z',
    ]);
    expect((await world.call('POST', `/subscriptions/${id}/cancel`, {})).status).toBe(403);
    expect((await world.call('DELETE', `/subscriptions/${id}`)).status).toBe(403);

    const continued = await world.call('POST', `/subscriptions/${id}/unschedule-cancelation`);
    expect([continued.status, continued.body.status]).toEqual([200, 'active']);
    expect(continued.body).not.toHaveProperty('activeTo');
    expect([...world.neighbours.entitlements.values()].map(({ activeTo }) => activeTo)).toEqual([undefined]);

    const ended = await world.call('POST', `/subscriptions/${id}/cancel`, { timing: 'immediate' });
    expect([ended.status, ended.body.status, ended.body.activeTo]).toEqual([
      200,
      'inactive',
      '2025-01-10T00:00:00Z',
    ]);
    expect([...world.neighbours.entitlements.values()].map(({ activeTo }) => activeTo?.toString())).toEqual([
      '2025-01-10T00:00:00Z',
    ]);
    expect((await world.factsOf(`subscription:${id}`)).map(({ type }) => type)).toEqual([
      'SubscriptionCreated',
      'SubscriptionCanceled',
      'SubscriptionUpdated',
      'SubscriptionCanceled',
    ]);
    expect((await subscribe()).status).toBe(201);
  });

  it('deletes what has not started', async () => {
    await publish();
    const { id, status } = await subscribed({ timing: '2025-03-01T00:00:00Z' });
    expect(status).toBe('scheduled');
    const { alignment } = (await world.call('GET', `/subscriptions/${id}`)).body;
    expect(alignment).not.toHaveProperty('currentAlignedBillingPeriod');
    expect((await world.call('POST', `/subscriptions/${id}/cancel`, {})).status).toBe(403);
    expect((await world.call('DELETE', `/subscriptions/${id}`)).status).toBe(204);
    expect((await world.call('GET', `/subscriptions/${id}`)).status).toBe(404);
    expect((await subscribe()).status).toBe(201);
  });

  it('lists a customer’s by status and in order', async () => {
    await publish();
    const first = await subscribed();
    world.clock.set('2025-01-10T00:00:00Z');
    await world.create(`/subscriptions/${first.id}/cancel`, {});
    const second = await subscribed();
    await world.create(`/subscriptions/${second.id}/cancel`, { timing: 'next_billing_cycle' });
    const third = await subscribed({ timing: '2025-02-10T00:00:00Z' });
    const list = async (query: string): Promise<string[]> => {
      const { body } = await world.call('GET', `/customers/${customer.key}/subscriptions?${query}`);
      return body.items.map(({ id }: { id: string }) => id);
    };
    expect(await list('')).toEqual([first.id, second.id, third.id]);
    expect(await list('order=DESC&pageSize=2')).toEqual([third.id, second.id]);
    expect(await list('status=inactive')).toEqual([first.id]);
    expect(await list('status=canceled&status=scheduled')).toEqual([second.id, third.id]);
    expect(await list('status=active')).toEqual([]);
  });

  it('takes a plan made for one subscription alone', async () => {
    const content = planBody({ key: undefined, name: 'Only for Acme', metadata: { deal: '7' } });
    const { status, body } = await subscribe({ plan: undefined, customPlan: content });
    expect([status, body.name, body.metadata]).toEqual([201, 'Only for Acme', { deal: '7' }]);
    expect(body).not.toHaveProperty('plan');
    const phases = [{ key: 'p', name: 'P', duration: null, rateCards: [] }];
    const wrong = await subscribe({ plan: undefined, customPlan: { ...content, phases } });
    expect(wrong.status).toBe(400);
    expect(wrong.body.extensions.validationErrors).toMatchObject([
      { code: 'plan_phase_has_no_rate_cards', field: "$.plan.phases[?(@.key=='p')].ratecards" },
    ]);
  });

  it('keeps its customer and its features in place', async () => {
    const plan = await publish();
    const { id } = await subscribed();
    await world.create(`/plans/${plan.id}/archive`);
    expect((await world.call('DELETE', `/features/${feature.key}`)).status).toBe(400);
    expect((await world.call('DELETE', `/customers/${customer.id}`)).status).toBe(400);
    await world.create(`/subscriptions/${id}/cancel`, {});
    expect((await world.call('DELETE', `/features/${feature.key}`)).status).toBe(204);
    expect((await world.call('DELETE', `/customers/${customer.id}`)).status).toBe(204);
  });

  it('is shown as it is now only', async () => {
    await publish();
    const { id } = await subscribed();
    expect((await world.call('GET', `/subscriptions/${id}?at=${start}`)).status).toBe(501);
  });
});
