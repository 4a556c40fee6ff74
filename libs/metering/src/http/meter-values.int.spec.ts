import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MeteringWorld } from '../../test/metering-world.js';

describe('subjects and group values of a meter over HTTP', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
    await world.createMeter({
      slug: 'tokens',
      aggregation: 'SUM',
      eventType: 'usage',
      valueProperty: '$.n',
      groupBy: { model: '$.model', deep: "$['a b'][0].c" },
    });
    await world.store([
      { time: '2025-06-15T11:00:00Z', subject: 'b', data: { n: 1, model: 'x' } },
      { time: '2025-06-15T10:00:00Z', subject: 'a', data: { model: 'y', 'a b': [{ c: 7 }] } },
      { time: '2025-06-15T09:00:00Z', subject: 'a', data: { model: true } },
      { time: '2025-06-15T08:00:00Z', subject: 'c', data: {} },
      { time: '2025-06-01T00:00:00Z', subject: 'd', data: { model: 'z' } },
      { time: '2025-06-02T00:00:00Z', subject: 'e', data: { model: 'w' } },
      { time: '2025-06-15T11:00:00Z', subject: 'other type', type: 'other', data: { model: 'q' } },
      { time: '2025-06-15T11:00:00Z', subject: 'stranger', namespace: 'other', data: { model: 'q' } },
      { time: '2025-06-15T11:00:00Z', subject: 'twice', status: 'duplicate', data: { model: 'q' } },
    ]);
  });
  afterAll(() => world.close());

  const subjects = (query = '') => world.get(`/api/v1/meters/tokens/subjects${query}`);
  const values = (key: string, query = '') =>
    world.get(`/api/v1/meters/tokens/group-by/${key}/values${query}`);

  it('lists subjects of the event type, sorted, from the first second to before the last', async () => {
    expect((await subjects()).body).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await subjects('?from=2025-06-02T00:00:00Z')).body).toEqual(['a', 'b', 'c', 'e']);
    expect((await subjects('?to=2025-06-02T00:00:00Z')).body).toEqual(['d']);
    expect((await subjects('?from=2025-06-01T00:00:00Z&to=2025-06-02T00:00:00Z')).body).toEqual(['d']);
    expect((await subjects('?from=2030-01-01T00:00:00Z')).body).toEqual([]);
    expect((await world.get('/api/v1/meters/nowhere/subjects')).status).toBe(404);
  });

  it('lists the text forms of one group key over the last day, sorted', async () => {
    expect((await values('model')).body).toEqual(['', 'true', 'x', 'y']);
    expect((await values('deep')).body).toEqual(['', '7']);
    expect((await values('model', '?from=2025-06-01T00:00:00Z')).body).toEqual([
      '',
      'true',
      'w',
      'x',
      'y',
      'z',
    ]);
    expect((await values('model', '?to=2025-06-02T00:00:00Z')).body).toEqual(['z']);
  });

  it.each([
    ['unknown', '', 'invalid group by: unknown'],
    ['model', '?from=2025-06-01T00:00:00Z&to=2025-06-01T00:00:00Z', 'from and to cannot be equal'],
    ['model', '?from=2025-06-02T00:00:00Z&to=2025-06-01T00:00:00Z', 'from must be before to'],
    ['model', '?from=2025-03-17T11:59:59Z', 'from must be within the last 90 days'],
    [
      'model',
      '?from=2025-05-01T00:00:00Z&to=2025-05-31T00:00:01Z',
      'the range cannot be longer than 30 days',
    ],
  ])('refuses values of %s%s', async (key, query, detail) => {
    const answer = await values(key, query);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
  });

  it('allows exactly 90 days back and exactly 30 days', async () => {
    expect((await values('model', '?from=2025-03-17T12:00:00Z')).status).toBe(200);
    expect((await values('model', '?from=2025-05-01T00:00:00Z&to=2025-05-31T00:00:00Z')).body).toEqual([]);
    expect((await world.get('/api/v1/meters/nowhere/group-by/model/values')).status).toBe(404);
  });
});
