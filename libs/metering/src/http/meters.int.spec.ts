import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MeteringWorld } from '../../test/metering-world.js';

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

describe('meters over HTTP', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
  });
  afterAll(() => world.close());

  const post = (body: unknown) => world.call('POST', '/api/v1/meters', body);
  const base = { slug: 'base', aggregation: 'SUM', eventType: 'usage', valueProperty: '$.n' };

  it('creates one with 200 and what it was given', async () => {
    const answer = await post({
      ...base,
      description: 'Tokens',
      groupBy: { model: '$.model', type: "$['the type']" },
      eventFrom: '2025-01-01T01:00:00+01:00',
      metadata: { a: 'b' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id: expect.stringMatching(ulid),
      slug: 'base',
      name: 'base',
      description: 'Tokens',
      aggregation: 'SUM',
      eventType: 'usage',
      valueProperty: '$.n',
      groupBy: { model: '$.model', type: "$['the type']" },
      eventFrom: '2025-01-01T00:00:00Z',
      metadata: { a: 'b' },
      createdAt: '2025-06-15T12:00:00Z',
      updatedAt: '2025-06-15T12:00:00Z',
    });
    expect((await world.get('/api/v1/meters/base')).body).toEqual(answer.body);
    expect((await world.get(`/api/v1/meters/${answer.body.id}`)).body).toEqual(answer.body);
  });

  it('leaves groups out of the answer when there are none', async () => {
    const { body } = await post({ slug: 'plain', aggregation: 'COUNT', eventType: 'usage' });
    expect(Object.keys(body)).not.toContain('groupBy');
    expect(Object.keys(body)).not.toContain('valueProperty');
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a COUNT with a value', { aggregation: 'COUNT' }, 'must be empty when the aggregation is count'],
    ['a SUM without a value', { valueProperty: undefined }, 'required when the aggregation is not count'],
    ['a value that is no path', { valueProperty: 'n' }, 'must start with $'],
    ['a value path we do not read', { valueProperty: '$..n' }, 'invalid JSONPath'],
    ['a group key with a dash', { groupBy: { 'a-b': '$.a' } }, 'group by key'],
    ['a group key that is ours', { groupBy: { subject: '$.a' } }, 'reserved'],
    ['a group that is no path', { groupBy: { a: 'a' } }, 'must start with $'],
    ['a group that is the value', { groupBy: { a: '$.n' } }, 'cannot be the same as the value property'],
    ['a wildcard group', { groupBy: { a: '$.a[*]' } }, 'invalid JSONPath'],
    ['an empty description', { description: '' }, 'must not be empty'],
    ['an empty event type', { eventType: '' }, 'eventType'],
    ['an unknown aggregation', { aggregation: 'MEDIAN' }, 'aggregation'],
    ['a slug with capitals', { slug: 'Base' }, 'slug'],
  ])('refuses %s', async (_what, change, reason) => {
    const answer = await post({ ...base, slug: 'refused', ...change });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.text).toContain(reason);
  });

  it('refuses a slug that is taken, until its meter is deleted', async () => {
    const first = await post({ ...base, slug: 'again' });
    const second = await post({ ...base, slug: 'again' });
    expect(second.status).toBe(409);
    expect(second.body.detail).toContain('meter with the same slug already exists');
    expect((await world.call('DELETE', '/api/v1/meters/again')).status).toBe(204);
    const third = await post({ ...base, slug: 'again' });
    expect(third.status).toBe(200);
    expect(third.body.id).not.toBe(first.body.id);
    expect((await world.get(`/api/v1/meters/${first.body.id}`)).body.deletedAt).toBeDefined();
    expect((await world.call('DELETE', `/api/v1/meters/${first.body.id}`)).status).toBe(204);
  });

  it('gives one of many that are created at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => post({ ...base, slug: 'race' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
  });

  it('updates name, groups and metadata, and keeps a description that is not given', async () => {
    await post({
      ...base,
      slug: 'changed',
      name: 'N',
      description: 'D',
      metadata: { a: 'b' },
      groupBy: { x: '$.x' },
    });
    world.clock.set('2025-06-16T00:00:00Z');
    const answer = await world.call('PUT', '/api/v1/meters/changed', { groupBy: { y: '$.y' } });
    expect(answer.body).toMatchObject({
      name: 'changed',
      description: 'D',
      groupBy: { y: '$.y' },
      updatedAt: '2025-06-16T00:00:00Z',
    });
    expect(Object.keys(answer.body)).not.toContain('metadata');
    const cleared = await world.call('PUT', '/api/v1/meters/changed', { name: 'M', description: 'E' });
    expect(cleared.body).toMatchObject({ name: 'M', description: 'E' });
    expect(Object.keys(cleared.body)).not.toContain('groupBy');
    expect((await world.call('PUT', '/api/v1/meters/nowhere', {})).status).toBe(404);
  });

  it('keeps what features stand on', async () => {
    const { body } = await post({ ...base, slug: 'used', groupBy: { model: '$.model', type: '$.type' } });
    world.neighbours.keysInUse.set(body.id, ['model']);
    world.neighbours.use.set(body.id, { activeFeatures: 1, entitlements: 0 });
    expect((await world.call('PUT', '/api/v1/meters/used', { groupBy: { type: '$.type' } })).status).toBe(
      409,
    );
    expect((await world.call('PUT', '/api/v1/meters/used', { groupBy: { model: '$.model' } })).status).toBe(
      200,
    );
    const refused = await world.call('DELETE', '/api/v1/meters/used');
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toBe('meter has active features and cannot be deleted');
    world.neighbours.use.set(body.id, { activeFeatures: 0, entitlements: 2 });
    expect((await world.call('DELETE', '/api/v1/meters/used')).status).toBe(409);
  });

  it('lists by slug, in the order asked for, deleted ones on demand', async () => {
    const slugs = async (query = ''): Promise<string[]> =>
      (await world.get(`/api/v1/meters${query}`)).body.map(({ slug }: { slug: string }) => slug);
    const all = await slugs();
    expect(all).toEqual([...all].sort());
    expect(all.filter((slug) => slug === 'again')).toHaveLength(1);
    expect((await slugs('?includeDeleted=true')).filter((slug) => slug === 'again')).toHaveLength(2);
    expect(await slugs('?orderBy=createdAt&order=DESC')).not.toEqual(all);
    expect(await slugs('?pageSize=2&page=2')).toEqual(all.slice(2, 4));
    expect((await world.get('/api/v1/meters?orderBy=slug')).status).toBe(400);
  });

  it('does not know a meter that is not there', async () => {
    const answer = await world.get('/api/v1/meters/nowhere');
    expect(answer.status).toBe(404);
    expect(answer.body.detail).toBe('meter not found: nowhere');
    expect((await world.get('/api/v1/meters/nowhere/query')).status).toBe(404);
  });

  it('writes each change into the journal', async () => {
    await post({ ...base, slug: 'told' });
    await world.call('PUT', '/api/v1/meters/told', {});
    await world.call('DELETE', '/api/v1/meters/told');
    const facts = await world.postgres.query(
      `SELECT type FROM journal WHERE data ->> 'slug' = 'told' ORDER BY version`,
    );
    expect(facts.map(({ type }: { type: string }) => type)).toEqual([
      'MeterCreated',
      'MeterUpdated',
      'MeterDeleted',
    ]);
  });
});

describe('meters of the configuration file', () => {
  const declared = {
    slug: 'calls',
    eventType: 'request',
    aggregation: 'COUNT',
    groupBy: { route: '$.route' },
  } as const;

  it('are created at start, changed where they may, left when they leave the file, and refused otherwise', async () => {
    const world = await MeteringWorld.open({ meters: [declared] });
    try {
      const { body } = await world.get('/api/v1/meters/calls');
      expect(body).toMatchObject({ aggregation: 'COUNT', groupBy: { route: '$.route' } });
      await world.declare([declared]);
      expect((await world.get('/api/v1/meters/calls')).body.updatedAt).toBe(body.updatedAt);
      await Promise.all([1, 2, 3].map(() => world.declare([{ ...declared, slug: 'both' }])));
      await world.declare([
        { ...declared, description: 'Requests', groupBy: { route: '$.route', code: '$.code' } },
      ]);
      expect((await world.get('/api/v1/meters/calls')).body).toMatchObject({
        id: body.id,
        description: 'Requests',
        groupBy: { route: '$.route', code: '$.code' },
      });
      await world.declare([]);
      expect((await world.get('/api/v1/meters/calls')).status).toBe(200);
      await expect(world.declare([{ ...declared, eventType: 'other' }])).rejects.toThrow(/calls: eventType/);
      await expect(
        world.declare([{ ...declared, aggregation: 'SUM', valueProperty: '$.n' }]),
      ).rejects.toThrow(/calls: aggregation/);
    } finally {
      await world.close();
    }
  });
});
