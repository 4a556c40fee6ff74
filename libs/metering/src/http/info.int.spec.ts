import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@ledgerline/testkit';
import { MeteringWorld } from '../../test/metering-world.js';
import { TRACK_PROGRESS } from '../tokens.js';
import type { TrackProgress } from '../use-cases/track-progress.js';
import { ClickHouseQueryWatch } from '../store/clickhouse-query-watch.js';

describe('progress and debug metrics over HTTP', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
    await world.createMeter({ slug: 'tokens', aggregation: 'SUM', eventType: 'usage', valueProperty: '$.n' });
    await world.store([
      { time: '2025-06-15T01:00:00Z', subject: 's1', data: { n: 1 } },
      { time: '2025-06-15T02:00:00Z', subject: 's1', data: { n: 2 } },
      { time: '2025-06-15T03:00:00Z', subject: 'a "b" \\ c\nd', data: { n: 3 } },
      { time: '2025-06-14T23:59:59Z', subject: 'yesterday', data: { n: 4 } },
      { time: '2025-06-15T03:00:00Z', subject: 'stranger', namespace: 'other', data: { n: 5 } },
      { time: '2025-06-15T03:00:00Z', subject: 's1', status: 'duplicate', data: { n: 1 } },
    ]);
  });
  afterAll(() => world.close());
  const progress = (id: string) => world.get(`/api/v1/info/progress/${id}`);

  it.each([
    ['a GET query', () => world.get('/api/v1/meters/tokens/query?clientId=get'), 'get'],
    ['a POST query', () => world.call('POST', '/api/v1/meters/tokens/query', { clientId: 'post' }), 'post'],
    ['a list of events', () => world.get('/api/v1/events?clientId=list'), 'list'],
  ])('tells of %s, also after its end', async (_what, ask, id) => {
    expect((await ask()).status).toBe(200);
    const { status, body } = await progress(id);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: body.total,
      failed: 0,
      total: expect.any(Number),
      updatedAt: '2025-06-15T12:00:00Z',
    });
    expect(body.total).toBeGreaterThan(0);
  });

  it('tells of a query while it runs, and of one that failed', async () => {
    const track = world.app.get<TrackProgress>(TRACK_PROGRESS);
    const run = (sql: string): Promise<unknown> =>
      track.run('default', 'slow', async (watched) => {
        const result = await world.clickhouse.query({
          query: sql,
          clickhouse_settings: {
            max_block_size: '256',
            max_threads: 1,
            log_comment: watched?.tag ?? '',
          },
        });
        return result.json();
      });
    await world.clickhouse.command({
      query: 'CREATE TABLE slow (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS index_granularity = 256',
    });
    await world.clickhouse.command({ query: 'INSERT INTO slow SELECT number FROM numbers(20000)' });
    const running = run('SELECT sum(sleepEachRow(0.0001)) FROM slow');
    const seen = await eventually(
      async () => {
        const { body } = await progress('slow');
        return body?.success > 0 && body.success < body.total && body;
      },
      { what: 'progress between start and end' },
    );
    expect(seen).toMatchObject({ failed: 0, total: 20_000 });
    await running;
    expect((await progress('slow')).body).toMatchObject({ failed: 0, success: 20_000, total: 20_000 });
    await expect(run('SELECT throwIf(sleepEachRow(0.0001) = 0 AND a = 15000) FROM slow')).rejects.toThrow();
    const { body } = await progress('slow');
    expect(body.failed).toBeGreaterThan(0);
    expect(Number(body.success) + Number(body.failed)).toBe(body.total);
    expect(await new ClickHouseQueryWatch(world.clickhouse).progressOf('nobody')).toBeUndefined();
  });

  it('is never seen from another namespace, and unknown ids are not found by name', async () => {
    const track = world.app.get<TrackProgress>(TRACK_PROGRESS);
    await track.run('other', 'theirs', () => Promise.resolve());
    expect((await track.find('other', 'theirs')).failed).toBe(0);
    const answer = await progress('theirs');
    expect(answer.status).toBe(404);
    expect(answer.body.detail).toBe('progress not found for id: theirs');
  });

  it('takes client ids of 1 to 36 characters only', async () => {
    for (const id of ['', 'x'.repeat(37)]) {
      expect((await world.get(`/api/v1/meters/tokens/query?clientId=${id}`)).status).toBe(400);
      expect((await world.call('POST', '/api/v1/meters/tokens/query', { clientId: id })).status).toBe(400);
    }
  });

  it('counts the events of today by subject as OpenMetrics, of this namespace only', async () => {
    const answer = await world.get('/api/v1/debug/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.text).toBe(
      [
        '# HELP openmeter_events Number of ingested events',
        '# TYPE openmeter_events counter',
        'openmeter_events_total{subject="a \\"b\\" \\\\ c\\nd"} 1.0',
        'openmeter_events_total{subject="s1"} 2.0',
        '',
      ].join('\n'),
    );
    world.clock.set('2025-07-01T00:00:00Z');
    expect((await world.get('/api/v1/debug/metrics')).text.split('\n')).toHaveLength(3);
    world.clock.set('2025-06-15T12:00:00Z');
  });
});
