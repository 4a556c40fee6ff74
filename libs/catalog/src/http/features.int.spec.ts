import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CatalogWorld } from '../../test/catalog-world.js';

describe('features over HTTP', () => {
  let world: CatalogWorld;
  let n = 0;
  let key = '';
  beforeAll(async () => {
    world = await CatalogWorld.open();
    await world.create('/meters', {
      slug: 'tokens',
      aggregation: 'SUM',
      eventType: 'prompt',
      valueProperty: '$.tokens',
      groupBy: { model: '$.model', type: '$.type' },
    });
    await world.create('/meters', {
      slug: 'average',
      aggregation: 'AVG',
      eventType: 'prompt',
      valueProperty: '$.tokens',
    });
  });
  afterAll(() => world.close());
  beforeEach(() => {
    n += 1;
    key = `feature_${n}`;
  });

  it('answers a plain filter in both of its forms', async () => {
    const created = await world.call('POST', '/features', {
      key,
      name: 'Tokens',
      metadata: { a: 'b' },
      meterSlug: 'tokens',
      meterGroupByFilters: { model: 'gpt-4' },
    });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      key,
      name: 'Tokens',
      metadata: { a: 'b' },
      meterSlug: 'tokens',
      meterGroupByFilters: { model: 'gpt-4' },
      advancedMeterGroupByFilters: { model: { $eq: 'gpt-4' } },
      createdAt: '2025-06-15T12:00:00Z',
      updatedAt: '2025-06-15T12:00:00Z',
    });
    expect((await world.call('GET', `/features/${key}`)).body).toEqual(created.body);
    expect((await world.call('GET', `/features/${created.body.id}`)).body).toEqual(created.body);
    expect(await world.factsOf(`feature:${created.body.id}`)).toEqual(['FeatureCreated']);
  });

  it('answers an advanced filter in its own form only', async () => {
    const feature = await world.create('/features', {
      key,
      name: 'Tokens',
      meterSlug: 'tokens',
      meterGroupByFilters: { model: 'ignored' },
      advancedMeterGroupByFilters: { model: { $in: ['a', 'b'] } },
    });
    expect(feature.advancedMeterGroupByFilters).toEqual({ model: { $in: ['a', 'b'] } });
    expect(feature).not.toHaveProperty('meterGroupByFilters');
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['a key that is an id', { key: '01g65z755afwakhe12ny0cq9fh' }, 400],
    ['an unknown meter', { meterSlug: 'no_such_meter' }, 404],
    ['a meter of averages', { meterSlug: 'average' }, 400],
    ['an unknown dimension', { meterSlug: 'tokens', meterGroupByFilters: { colour: 'red' } }, 400],
    [
      'a filter of two operators',
      { meterSlug: 'tokens', advancedMeterGroupByFilters: { model: { $eq: 'a', $ne: 'b' } } },
      400,
    ],
  ])('refuses %s', async (_what, rest, status) => {
    const answer = await world.call('POST', '/features', { key, name: 'x', ...rest });
    expect([answer.status, answer.body.type]).toEqual([status, 'about:blank']);
  });

  it('keeps a key for one live feature, also against requests that race', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => world.call('POST', '/features', { key, name: 'x' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect((await world.call('DELETE', `/features/${key}`)).status).toBe(204);
    expect((await world.call('DELETE', `/features/${key}`)).status).toBe(404);
    expect((await world.call('GET', `/features/${key}`)).status).toBe(404);
    expect((await world.call('POST', '/features', { key, name: 'x' })).status).toBe(201);
  });

  it('lists a bare array, or a page when one is asked for', async () => {
    await world.create('/features', { key, name: 'x', meterSlug: 'tokens' });
    const archived = await world.create('/features', { key: `${key}_old`, name: 'x', meterSlug: 'tokens' });
    await world.call('DELETE', `/features/${archived.id}`);
    const keysOf = (features: { key: string }[]): string[] => features.map((feature) => feature.key);
    const all = (await world.call('GET', '/features?meterSlug=tokens&orderBy=id&order=DESC&limit=1')).body;
    expect(keysOf(all)).toEqual([key]);
    const query = '/features?meterSlug=tokens&includeArchived=true&orderBy=id&order=DESC&pageSize=1';
    const page = (await world.call('GET', query)).body;
    expect(page).toMatchObject({ page: 1, pageSize: 1, totalCount: expect.any(Number) });
    expect(keysOf(page.items)).toEqual([`${key}_old`]);
    expect(page.items[0].archivedAt).toBe('2025-06-15T12:00:00Z');
    expect((await world.call('GET', '/features?meterSlug=none')).body).toEqual([]);
  });

  it('is not archived while an active plan or a subscription names it', async () => {
    await world.create('/features', { key, name: 'x' });
    world.neighbours.subscribedFeatures.add(key);
    expect((await world.call('DELETE', `/features/${key}`)).status).toBe(400);
    world.neighbours.subscribedFeatures.delete(key);
    const card = {
      type: 'flat_fee',
      key,
      name: 'Card',
      featureKey: key,
      billingCadence: 'P1M',
      price: null,
      entitlementTemplate: { type: 'boolean' },
    };
    const plan = await world.create('/plans', {
      key: `plan_of_${key}`,
      name: 'Plan',
      currency: 'USD',
      billingCadence: 'P1M',
      phases: [{ key: 'only', name: 'Only', duration: null, rateCards: [card] }],
    });
    await world.create(`/plans/${plan.id}/publish`);
    const refused = await world.call('DELETE', `/features/${key}`);
    expect([refused.status, refused.body.detail]).toEqual([
      400,
      `the feature ${key} is part of the plan plan_of_${key}, version 1`,
    ]);
    await world.create(`/plans/${plan.id}/archive`);
    expect((await world.call('DELETE', `/features/${key}`)).status).toBe(204);
  });

  it('keeps its meter, and the groups it filters by, in place', async () => {
    const slug = `meter_${n}`;
    const meter = await world.create('/meters', {
      slug,
      aggregation: 'COUNT',
      eventType: 'call',
      groupBy: { model: '$.model' },
    });
    await world.create('/features', { key, name: 'x', meterSlug: slug, meterGroupByFilters: { model: 'a' } });
    expect((await world.call('DELETE', `/meters/${slug}`)).status).toBe(409);
    expect((await world.call('PUT', `/meters/${slug}`, { groupBy: {} })).status).toBe(409);
    await world.call('DELETE', `/features/${key}`);
    world.neighbours.entitlementsOnMeter.set(meter.id, 1);
    expect((await world.call('DELETE', `/meters/${slug}`)).status).toBe(409);
    world.neighbours.entitlementsOnMeter.clear();
    expect((await world.call('DELETE', `/meters/${slug}`)).status).toBe(204);
  });
});
