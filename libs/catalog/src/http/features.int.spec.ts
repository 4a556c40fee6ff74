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

  it('is kept by a group that an advanced filter or a unit cost names', async () => {
    const slug = `meter_${n}`;
    const groupBy = { model: '$.model', type: '$.type', region: '$.region' };
    await world.create('/meters', { slug, aggregation: 'COUNT', eventType: 'call', groupBy });
    const filtered = await world.create('/features', {
      key,
      name: 'x',
      meterSlug: slug,
      advancedMeterGroupByFilters: {
        model: { $or: [{ $like: 'gpt%' }, { $and: [{ $gt: 'a' }, { $nin: ['b'] }] }] },
      },
    });
    await world.create('/features', {
      key: `${key}_cost`,
      name: 'x',
      meterSlug: slug,
      unitCost: { type: 'llm', provider: 'acme', model: 'large', tokenTypeProperty: 'type' },
    });
    const keep = async (...keys: ('model' | 'type' | 'region')[]) => {
      const kept = Object.fromEntries(keys.map((name) => [name, groupBy[name]]));
      return (await world.call('PUT', `/meters/${slug}`, { groupBy: kept })).status;
    };
    expect(await keep('type', 'region')).toBe(409);
    expect(await keep('model', 'region')).toBe(409);
    expect(await keep('model', 'type')).toBe(200);
    await world.call('DELETE', `/features/${filtered.id}`);
    expect(await keep('type')).toBe(200);
  });

  it.each<[Record<string, unknown>]>([
    [{ $eq: 'a' }],
    [{ $ne: 'a' }],
    [{ $in: ['a', 'b'] }],
    [{ $nin: ['a'] }],
    [{ $like: 'a%' }],
    [{ $nlike: 'a%' }],
    [{ $ilike: 'A%' }],
    [{ $nilike: 'A%' }],
    [{ $gt: 'a' }],
    [{ $gte: 'a' }],
    [{ $lt: 'b' }],
    [{ $lte: 'b' }],
    [{ $and: [{ $gte: 'a' }, { $lt: 'b' }] }],
    [{ $or: [{ $eq: 'a' }, { $eq: 'b' }] }],
  ])('echoes the filter %j as it was sent', async (filter) => {
    const advancedMeterGroupByFilters = { model: filter };
    const created = await world.create('/features', {
      key,
      name: 'x',
      meterSlug: 'tokens',
      advancedMeterGroupByFilters,
    });
    expect(created.advancedMeterGroupByFilters).toEqual(advancedMeterGroupByFilters);
    expect(created.meterGroupByFilters).toEqual('$eq' in filter ? { model: 'a' } : undefined);
    expect((await world.call('GET', `/features/${key}`)).body).toEqual(created);
  });

  it('lets no empty advanced filter drop a plain one, and keeps filters without a meter unchecked', async () => {
    const both = { meterGroupByFilters: { model: 'a' }, advancedMeterGroupByFilters: {} };
    const created = await world.create('/features', { key, name: 'x', meterSlug: 'tokens', ...both });
    expect(created.meterGroupByFilters).toEqual({ model: 'a' });
    const unmetered = await world.create('/features', {
      key: `${key}_unmetered`,
      name: 'x',
      meterGroupByFilters: { colour: 'red' },
    });
    expect(unmetered.advancedMeterGroupByFilters).toEqual({ colour: { $eq: 'red' } });
  });

  it('keeps a unit cost, and shows the prices of now where it means one model', async () => {
    const manual = { type: 'manual', amount: '0.050' };
    const made = await world.create('/features', { key, name: 'x', unitCost: manual });
    expect(made.unitCost).toEqual({ type: 'manual', amount: '0.05' });
    const unitCost = { type: 'llm', provider: 'acme', modelProperty: 'model', tokenTypeProperty: 'type' };
    // Read-only in requests: what a client sends is not looked at.
    const pricing = { inputPerToken: '99', outputPerToken: '99' };
    const one = await world.create('/features', {
      key: `${key}_one`,
      name: 'x',
      meterSlug: 'tokens',
      meterGroupByFilters: { model: `model-${n}` },
      unitCost: { ...unitCost, pricing },
    });
    expect(one.unitCost).toEqual(unitCost);
    const prices = { input: '0.1', output: '0.2', cache_read: '0.01' };
    for (const [tokenType, pricePerToken] of Object.entries(prices)) {
      const entry = { provider: 'acme', model: `model-${n}`, tokenType, pricePerToken };
      await world.create('/api/ledgerline/v1/price-book/entries', {
        ...entry,
        validFrom: '2025-01-01T00:00:00Z',
      });
      await world.create('/api/ledgerline/v1/price-book/entries', {
        ...entry,
        pricePerToken: '7',
        validFrom: '2026-01-01T00:00:00Z',
      });
    }
    const resolved = { inputPerToken: '0.1', outputPerToken: '0.2', cacheReadPerToken: '0.01' };
    const shown = (await world.call('GET', `/features/${key}_one`)).body;
    expect(shown.unitCost).toEqual({ ...unitCost, pricing: resolved });
    const listed = (await world.call('GET', '/features?meterSlug=tokens&orderBy=id&order=DESC&limit=1')).body;
    expect(listed).toEqual([shown]);
    const many = await world.create('/features', {
      key: `${key}_many`,
      name: 'x',
      meterSlug: 'tokens',
      unitCost,
    });
    expect(many.unitCost).toEqual(unitCost);
  });

  it.each<[string, unknown, string]>([
    ['of a type nobody has', { type: 'magic' }, '$.unitCost.type'],
    ['without an amount', { type: 'manual' }, '$.unitCost.amount'],
    ['with an amount that is a number', { type: 'manual', amount: 1 }, '$.unitCost.amount'],
    ['below nothing', { type: 'manual', amount: '-1' }, '$.unitCost.amount'],
    ['without a provider', { type: 'llm', model: 'm', tokenType: 'input' }, '$.unitCost.provider'],
    [
      'with a model and a property for it',
      { type: 'llm', provider: 'p', model: 'm', modelProperty: 'model', tokenType: 'input' },
      '$.unitCost.modelProperty',
    ],
    [
      'of a group that the meter does not have',
      { type: 'llm', provider: 'p', modelProperty: 'colour', tokenType: 'input' },
      '$.unitCost.modelProperty',
    ],
    [
      'of a token type nobody has',
      { type: 'llm', provider: 'p', model: 'm', tokenType: 'prompt' },
      '$.unitCost.tokenType',
    ],
  ])('refuses a unit cost %s by name', async (_what, unitCost, field) => {
    const answer = await world.call('POST', '/features', { key, name: 'x', meterSlug: 'tokens', unitCost });
    expect(answer.status).toBe(400);
    const fields = answer.body.extensions.validationErrors.map((error: { field: string }) => error.field);
    expect(fields).toContain(field);
  });

  it('lists in every order, of several meters, and refuses too large a page', async () => {
    await world.create('/meters', { slug: `other_${n}`, aggregation: 'COUNT', eventType: 'x' });
    await world.create('/features', { key: `${key}_b`, name: 'first', meterSlug: `other_${n}` });
    await world.create('/features', { key: `${key}_a`, name: 'second', meterSlug: `other_${n}` });
    const keys = async (query: string): Promise<string[]> =>
      (await world.call('GET', `/features?${query}`)).body.map((feature: { key: string }) => feature.key);
    const only = `meterSlug=other_${n}`;
    expect(await keys(only)).toEqual([`${key}_a`, `${key}_b`]);
    for (const order of ['id', 'name', 'createdAt', 'updatedAt']) {
      expect(await keys(`${only}&orderBy=${order}`)).toEqual([`${key}_b`, `${key}_a`]);
      expect(await keys(`${only}&orderBy=${order}&order=DESC`)).toEqual([`${key}_a`, `${key}_b`]);
    }
    expect(await keys(`${only}&limit=1&offset=1`)).toEqual([`${key}_b`]);
    expect((await keys(`${only}&meterSlug=tokens`)).length).toBeGreaterThan(2);
    const page = (await world.call('GET', `/features?${only}&page=2&pageSize=1`)).body;
    expect([page.totalCount, page.page, page.items[0].key]).toEqual([2, 2, `${key}_b`]);
    expect((await world.call('GET', '/features?pageSize=1001')).status).toBe(400);
    expect((await world.call('GET', '/features?orderBy=colour')).status).toBe(400);
  });
});
