import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CatalogWorld } from '../../test/catalog-world.js';

const flatFee = {
  type: 'flat_fee',
  key: 'base',
  name: 'Base fee',
  billingCadence: 'P1M',
  price: { type: 'flat', amount: '6.00' },
};
const perCall = (featureKey: string) => ({
  type: 'usage_based',
  key: featureKey,
  name: 'Calls',
  featureKey,
  billingCadence: 'P1M',
  price: { type: 'unit', amount: '10' },
});
const phase = (...rateCards: object[]) => ({ key: 'default', name: 'Default', duration: null, rateCards });
const planBody = (key: string, ...rateCards: object[]) => ({
  key,
  name: 'Pro',
  currency: 'USD',
  billingCadence: 'P1M',
  phases: [phase(...(rateCards.length === 0 ? [flatFee] : rateCards))],
});
const codesOf = (body: { extensions?: { validationErrors?: { code: string }[] } }): string[] =>
  (body.extensions?.validationErrors ?? []).map(({ code }) => code);

describe('plans over HTTP', () => {
  let world: CatalogWorld;
  let n = 0;
  let key = '';
  beforeAll(async () => {
    world = await CatalogWorld.open();
    await world.create('/meters', { slug: 'calls', aggregation: 'COUNT', eventType: 'call' });
  });
  afterAll(() => world.close());
  beforeEach(() => {
    n += 1;
    key = `plan_${n}`;
    world.clock.set('2025-06-15T12:00:00Z');
  });

  it('creates a draft and shows everything that was said', async () => {
    const feature = `feature_${n}`;
    await world.create('/features', { key: feature, name: 'Calls', meterSlug: 'calls' });
    const created = await world.call('POST', '/plans', planBody(key, flatFee, perCall(feature)));
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      key,
      version: 1,
      name: 'Pro',
      alignment: { billablesMustAlign: true },
      currency: 'USD',
      billingCadence: 'P1M',
      proRatingConfig: { enabled: true, mode: 'prorate_prices' },
      status: 'draft',
      phases: [
        phase(
          { ...flatFee, price: { type: 'flat', amount: '6', paymentTerm: 'in_advance' } },
          perCall(feature),
        ),
      ],
      createdAt: '2025-06-15T12:00:00Z',
      updatedAt: '2025-06-15T12:00:00Z',
      validationErrors: null,
    });
    expect((await world.call('GET', `/plans/${created.body.id}`)).body).toEqual(created.body);
    expect(await world.factsOf(`plan:${created.body.id}`)).toEqual(['PlanCreated']);
  });

  it('lives from draft to active to archived while version 2 takes over', async () => {
    const first = await world.create('/plans', planBody(key));
    expect((await world.call('GET', `/plans/${key}`)).status).toBe(404);
    expect((await world.call('GET', `/plans/${key}?includeLatest=true`)).body.id).toBe(first.id);

    const published = await world.call('POST', `/plans/${first.id}/publish`);
    expect([published.status, published.body.status, published.body.effectiveFrom]).toEqual([
      200,
      'active',
      '2025-06-15T12:00:00Z',
    ]);
    expect((await world.call('POST', `/plans/${first.id}/publish`)).status).toBe(400);

    const second = await world.create('/plans', { ...planBody(key), name: 'Pro 2' });
    expect([second.version, second.status]).toEqual([2, 'draft']);
    expect((await world.call('GET', `/plans/${key}`)).body.id).toBe(first.id);

    world.clock.set('2025-06-16T00:00:00Z');
    await world.create(`/plans/${second.id}/publish`);
    expect((await world.call('GET', `/plans/${key}`)).body.id).toBe(second.id);
    const old = (await world.call('GET', `/plans/${first.id}`)).body;
    expect([old.status, old.effectiveTo]).toEqual(['archived', '2025-06-16T00:00:00Z']);

    world.clock.set('2025-06-17T00:00:00Z');
    const archived = await world.call('POST', `/plans/${second.id}/archive`);
    expect([archived.status, archived.body.status, archived.body.effectiveTo]).toEqual([
      200,
      'archived',
      '2025-06-17T00:00:00Z',
    ]);
    expect((await world.call('POST', `/plans/${second.id}/archive`)).status).toBe(400);
    expect((await world.call('GET', `/plans/${key}`)).status).toBe(404);
    expect(await world.factsOf(`plan:${first.id}`)).toEqual(['PlanCreated', 'PlanPublished', 'PlanArchived']);
  });

  it('keeps a single draft per key and never gives a number twice', async () => {
    const first = await world.create('/plans', planBody(key));
    expect((await world.call('POST', '/plans', planBody(key))).status).toBe(400);
    expect((await world.call('POST', `/plans/${key}/next`)).status).toBe(400);
    expect((await world.call('DELETE', `/plans/${first.id}`)).status).toBe(204);
    expect((await world.call('DELETE', `/plans/${first.id}`)).status).toBe(204);
    expect((await world.call('GET', `/plans/${first.id}`)).body.deletedAt).toBe('2025-06-15T12:00:00Z');
    expect((await world.create('/plans', planBody(key))).version).toBe(2);
  });

  it('gives versions without gaps and one draft to requests that race', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.call('POST', '/plans', planBody(key))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400, 400]);
    const { body } = await world.call('GET', `/plans?key=${key}&includeDeleted=true`);
    expect(body.items.map(({ version }: { version: number }) => version)).toEqual([1]);
  });

  it('copies the latest version, or the one given by id, into a new draft', async () => {
    const first = await world.create('/plans', planBody(key));
    await world.create(`/plans/${first.id}/publish`);
    const next = await world.call('POST', `/plans/${key}/next`);
    expect([next.status, next.body.version, next.body.status]).toEqual([201, 2, 'draft']);
    expect(next.body.phases).toEqual(first.phases);
    expect((await world.call('POST', '/plans/no_such_plan/next')).status).toBe(404);
  });

  it('replaces a draft, but not a plan that is active or deleted', async () => {
    const first = await world.create('/plans', {
      ...planBody(key),
      description: 'the first',
      metadata: { a: 'b' },
    });
    const change = {
      name: 'Other',
      billingCadence: 'P1Y',
      proRatingConfig: { enabled: false, mode: 'prorate_prices' },
      phases: [phase({ ...flatFee, key: 'yearly', billingCadence: 'P1Y' })],
    };
    const updated = await world.call('PUT', `/plans/${first.id}`, change);
    expect(updated.status).toBe(200);
    expect(updated.body).toMatchObject({
      key,
      version: 1,
      name: 'Other',
      description: 'the first',
      metadata: { a: 'b' },
      billingCadence: 'P1Y',
      proRatingConfig: { enabled: false },
    });
    await world.create(`/plans/${first.id}/publish`);
    expect((await world.call('PUT', `/plans/${first.id}`, change)).status).toBe(400);
    expect((await world.call('DELETE', `/plans/${first.id}`)).status).toBe(400);
    expect((await world.call('PUT', '/plans/01G65Z755AFWAKHE12NY0CQ9FH', change)).status).toBe(404);
  });

  it('lets a draft have warnings and refuses to publish it with them', async () => {
    const unaligned = { ...flatFee, billingCadence: 'P1W' };
    const draft = await world.create('/plans', planBody(key, unaligned));
    const issue = {
      code: 'rate_card_billing_cadence_unaligned',
      field: "$.phases[?(@.key=='default')].rateCards[?(@.key=='base')].billingCadence",
    };
    expect(draft.validationErrors).toEqual([{ ...issue, message: expect.any(String) }]);
    const refused = await world.call('POST', `/plans/${draft.id}/publish`);
    expect([refused.status, refused.body.detail]).toEqual([400, 'invalid plan']);
    expect(refused.body.extensions.validationErrors).toEqual([
      { ...issue, message: expect.any(String), severity: 'warning' },
    ]);
  });

  it.each<[string, (body: ReturnType<typeof planBody>) => unknown, string]>([
    ['a currency nobody has', (body) => ({ ...body, currency: 'ZZZ' }), 'currency_invalid'],
    ['a cadence no plan has', (body) => ({ ...body, billingCadence: 'P2M' }), 'plan_billing_cadence_invalid'],
    [
      'an unknown feature',
      (body) => ({ ...body, phases: [phase(perCall('no_such_feature'))] }),
      'rate_card_feature_not_found',
    ],
    [
      'two cards of one key',
      (body) => ({ ...body, phases: [phase(flatFee, flatFee)] }),
      'rate_card_duplicated_key',
    ],
  ])('refuses %s', async (_what, spoil, code) => {
    const { status, body } = await world.call('POST', '/plans', spoil(planBody(key)));
    expect([status, body.detail]).toEqual([400, 'invalid plan']);
    expect(codesOf(body)).toContain(code);
    expect((await world.call('GET', `/plans?key=${key}`)).body.totalCount).toBe(0);
  });

  it('refuses a metered entitlement that has no period to count in', async () => {
    const card = { ...flatFee, billingCadence: null, entitlementTemplate: { type: 'metered' } };
    const { status, body } = await world.call('POST', '/plans', planBody(key, card));
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('entitlementTemplate.usagePeriod');
  });

  it('reports an archived feature on the draft and refuses to publish it', async () => {
    const feature = `gone_${n}`;
    await world.create('/features', { key: feature, name: 'Gone', meterSlug: 'calls' });
    const draft = await world.create('/plans', planBody(key, perCall(feature)));
    expect((await world.call('DELETE', `/features/${feature}`)).status).toBe(204);
    const seen = (await world.call('GET', `/plans/${draft.id}`)).body;
    expect(seen.validationErrors).toMatchObject([{ code: 'rate_card_feature_archived' }]);
    expect(codesOf((await world.call('POST', `/plans/${draft.id}/publish`)).body)).toEqual([
      'rate_card_feature_archived',
    ]);
  });

  it('lists what matches any of id, key, keyVersion and currency, and the status too', async () => {
    const other = `${key}_other`;
    const euro = { ...planBody(`${key}_euro`), currency: 'EUR' };
    const first = await world.create('/plans', planBody(key));
    await world.create(`/plans/${first.id}/publish`);
    await world.create('/plans', planBody(key));
    await world.create('/plans', planBody(other));
    await world.create('/plans', euro);
    const list = async (query: string): Promise<string[]> => {
      const { status, body } = await world.call('GET', `/plans?${query}`);
      expect([status, body]).toEqual([200, expect.anything()]);
      return body.items.map((plan: { key: string; version: number }) => `${plan.key}@${plan.version}`).sort();
    };
    expect(await list(`key=${key}`)).toEqual([`${key}@1`, `${key}@2`]);
    expect(await list(`keyVersion[${key}]=2`)).toEqual([`${key}@2`]);
    expect(await list(`keyVersion[${key}]=3000000000`)).toEqual([]);
    expect(await list(`keyVersion[${key}]=2&key=${other}`)).toEqual([`${key}@2`, `${other}@1`]);
    expect(await list(`id=${first.id}&currency=EUR`)).toEqual([`${key}@1`, `${key}_euro@1`]);
    expect(await list(`key=${key}&status=draft`)).toEqual([`${key}@2`]);
    expect(await list(`key=${key}&status=active&status=draft`)).toEqual([`${key}@1`, `${key}@2`]);
    const paged = (await world.call('GET', `/plans?key=${key}&page=2&pageSize=1&orderBy=version`)).body;
    expect([paged.totalCount, paged.page, paged.pageSize, paged.items[0].version]).toEqual([2, 2, 1, 2]);
  });

  it('sorts tiers and keeps every price type as it was sent', async () => {
    const feature = `tiers_${n}`;
    await world.create('/features', { key: feature, name: 'Tiers', meterSlug: 'calls' });
    const tier = (upToAmount: string | undefined, unit: string) => ({
      ...(upToAmount === undefined ? {} : { upToAmount }),
      flatPrice: null,
      unitPrice: { type: 'unit', amount: unit },
    });
    const price = {
      type: 'tiered',
      mode: 'graduated',
      tiers: [tier(undefined, '1'), tier('100', '2'), tier('10', '3')],
      minimumAmount: '5',
    };
    const plan = await world.create('/plans', planBody(key, { ...perCall(feature), price }));
    expect(plan.phases[0].rateCards[0].price).toEqual({
      ...price,
      tiers: [tier('10', '3'), tier('100', '2'), tier(undefined, '1')],
    });
  });
});
