import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { usagePartition } from '@ledgerline/contract/messages';
import { MeteringWorld, partitions } from '../../test/metering-world.js';

const statusOf = (source: string, id: string): string =>
  `/api/ledgerline/v1/events/${encodeURIComponent(source)}/${encodeURIComponent(id)}/status`;

describe('GET /api/ledgerline/v1/events/{source}/{id}/status', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
    const meter = { eventType: 'usage', valueProperty: '$.n' };
    await world.createMeter({ ...meter, slug: 'a_sum', aggregation: 'SUM', groupBy: { model: '$.model' } });
    await world.createMeter({ ...meter, slug: 'b_unique', aggregation: 'UNIQUE_COUNT' });
    await world.createMeter({ slug: 'c_count', eventType: 'usage', aggregation: 'COUNT' });
    await world.createMeter({
      slug: 'd_late',
      eventType: 'usage',
      aggregation: 'COUNT',
      eventFrom: '2025-06-14T00:00:00Z',
    });
    await world.createMeter({ slug: 'e_other', eventType: 'other', aggregation: 'COUNT' });
    const gone = await world.createMeter({ slug: 'f_gone', eventType: 'usage', aggregation: 'COUNT' });
    await world.call('DELETE', `/api/v1/meters/${gone.id}`);
    await world.createLog();
  });
  afterAll(() => world.close());

  const status = async (source: string, id: string): Promise<any> => {
    const answer = await world.get(statusOf(source, id));
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.anything()]);
    return answer.body;
  };

  it('tells in which meters an event counts, with what, and why not in others', async () => {
    await world.store([
      {
        id: 'one',
        time: '2025-06-10T00:00:00Z',
        partition: 1,
        dataText: '{"n":"0.1234567890123456789","model":"m 1"}',
      },
    ]);
    const before = await status('spec', 'one');
    expect(before).toEqual({
      source: 'spec',
      id: 'one',
      state: 'counted',
      sentence: 'Counted in 3 of 4 meters of its type.',
      sendings: [
        {
          status: 'ok',
          type: 'usage',
          subject: 's1',
          time: '2025-06-10T00:00:00Z',
          ingestedAt: '2025-06-15T12:00:00Z',
          storedAt: '2025-06-15T12:00:01Z',
          place: { partition: 1, offset: expect.any(Number), index: 0 },
          meters: [
            expect.objectContaining({
              slug: 'a_sum',
              version: 1,
              counted: true,
              value: '0.1234567890123456789',
              dimensions: { model: 'm 1' },
              reading: 'pending',
            }),
            expect.objectContaining({ slug: 'b_unique', counted: true, value: '0.1234567890123456789' }),
            expect.objectContaining({ slug: 'c_count', counted: true, value: '1' }),
            expect.objectContaining({
              slug: 'd_late',
              counted: false,
              reason: "the event is before the meter's eventFrom 2025-06-14T00:00:00Z",
            }),
          ],
        },
      ],
    });
    await world.builder.advance();
    const after = await status('spec', 'one');
    expect(after.sendings[0].meters[0]).toMatchObject({ reading: 'built', readingVersion: 1 });
    expect(await world.query('a_sum', { filterGroupBy: { model: ['m 1'] } })).toHaveLength(1);
  });

  it('says why a value is not counted', async () => {
    await world.store([{ id: 'odd', time: '2025-06-14T00:00:00Z', dataText: '{"n":"12abc"}' }]);
    const { sendings, sentence } = await status('spec', 'odd');
    expect(sentence).toBe('Counted in 3 of 4 meters of its type.');
    expect(sendings[0].meters[0]).toMatchObject({
      slug: 'a_sum',
      counted: false,
      reason: 'invalid event: value cannot be parsed as float64: 12abc',
      reading: 'none',
    });
    await world.store([{ id: 'lone', type: 'nobody', time: '2025-06-14T00:00:00Z' }]);
    expect(await status('spec', 'lone')).toMatchObject({
      state: 'not_counted',
      sentence: 'Stored, but no meter counts events of type nobody.',
      sendings: [{ status: 'ok', meters: [] }],
    });
  });

  it('tells of what a duplicate is one, and why an event is invalid', async () => {
    const place = { partition: 2, time: '2025-06-14T00:00:00Z' };
    await world.store([
      { ...place, id: 'twice', type: 'other', ingestedAt: '2025-06-14T00:00:01Z' },
      { ...place, id: 'twice', type: 'changed', status: 'duplicate' },
      { ...place, id: 'wrong', status: 'invalid', reason: 'time 1 s lies outside' },
    ]);
    const { sendings, sentence } = await status('spec', 'twice');
    expect(sentence).toBe(
      'Counted in 1 of 1 meters of its type. Delivered 1 more times, which are not counted.',
    );
    expect(sendings).toMatchObject([
      { status: 'ok', type: 'other', meters: [{ slug: 'e_other', counted: true }] },
      {
        status: 'duplicate',
        type: 'changed',
        duplicateOf: { place: sendings[0].place, ingestedAt: '2025-06-14T00:00:01Z', time: place.time },
      },
    ]);
    expect(await status('spec', 'wrong')).toMatchObject({
      state: 'not_counted',
      sentence: 'Not counted, because it is not valid: time 1 s lies outside.',
      sendings: [{ status: 'invalid', reason: 'time 1 s lies outside' }],
    });
  });

  it.each([
    ['/a/b', 'c/d'],
    ['https://example.com/?q=1#f', '100%'],
    ['..a', '.b'],
    ['../..', '%2F'],
    ['ключ', '日本 😀'.repeat(50)],
    ["x'); DROP TABLE events --", '{p0:String}'],
    ['+ ;,&=', 'a\nb\t"\\'],
  ])('finds source %j and id %.20j', async (source, id) => {
    await world.store([{ source, id, type: 'other', time: '2025-06-14T00:00:00Z' }]);
    expect(await status(source, id)).toMatchObject({ source, id, state: 'counted' });
  });

  it('does not tell one event from another by half a name, nor by another namespace', async () => {
    await world.store([{ id: 'theirs', namespace: 'theirs', time: '2025-06-14T00:00:00Z' }]);
    expect(await status('spec', 'theirs')).toMatchObject({ state: 'unknown', sendings: [] });
    expect(await status('spe', 'cone')).toMatchObject({ state: 'unknown' });
  });

  it('says of an unknown event whether it may still wait', async () => {
    const asked = async (id: string): Promise<any> => status('spec', id);
    expect(await asked('never')).toMatchObject({
      state: 'unknown',
      delay: { waiting: false, atMostSeconds: 0 },
      sentence: expect.stringContaining('it was never accepted'),
    });
    const [id, partition] = ['waiting', usagePartition('default', 'spec', 'waiting', partitions)];
    const stored = await world.rows<{ next: string }>(
      `SELECT max(kafka_offset) + 1 AS next FROM events WHERE kafka_partition = ${partition}`,
    );
    await world.createLog({ [partition]: Number(stored[0]?.next) + 1 });
    expect(await asked(id)).toMatchObject({
      state: 'unknown',
      delay: { waiting: true, atMostSeconds: expect.any(Number) },
      sentence: expect.stringContaining('it may be among them'),
    });
  });

  it('shows at most a hundred deliveries, and that there are more', async () => {
    const event = { id: 'often', type: 'other', time: '2025-06-14T00:00:00Z', partition: 3 };
    const again = Array.from({ length: 100 }, () => ({ ...event, status: 'duplicate' as const }));
    await world.store([event, ...again]);
    const { sendings, hasMore } = await status('spec', 'often');
    expect([sendings.length, hasMore]).toEqual([100, true]);
  });
});

describe('GET /api/ledgerline/v1/completeness', () => {
  let world: MeteringWorld;
  const path = '/api/ledgerline/v1/completeness';
  beforeAll(async () => {
    world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
  });
  afterAll(() => world.close());
  const body = async (query = ''): Promise<any> => {
    const answer = await world.get(path + query);
    expect([answer.status, answer.text.slice(0, 200)]).toEqual([200, expect.anything()]);
    return answer.body;
  };

  it('is 503 while the log cannot be asked', async () => {
    expect((await world.get(path)).status).toBe(503);
  });

  it('is complete where nothing was delivered', async () => {
    await world.createLog();
    const nothing = { delivered: 0, ok: 0, duplicate: 0, invalid: 0 };
    const answer = await body();
    expect(answer).toMatchObject({ complete: true, readingsComplete: true, total: nothing });
    expect(answer.partitions).toHaveLength(partitions);
  });

  it('adds up, of the own namespace only, and says what waits', async () => {
    const at = { time: '2025-06-10T00:00:00Z', partition: 0 };
    await world.store([
      { ...at, ingestedAt: '2025-06-10T00:00:00Z' },
      { ...at, ingestedAt: '2025-06-10T00:00:00.500Z' },
      { ...at, status: 'duplicate', ingestedAt: '2025-06-11T00:00:00Z' },
      { ...at, status: 'invalid' },
      { ...at, namespace: 'theirs' },
      { ...at, namespace: '', status: 'invalid' },
      { ...at, partition: 1 },
    ]);
    await world.createLog({ 0: 6, 1: 3 });
    const answer = await body();
    expect(answer).toMatchObject({
      complete: false,
      readingsComplete: false,
      total: { delivered: 5, ok: 3, duplicate: 1, invalid: 1 },
      sentence: expect.stringContaining('wait to be stored'),
    });
    expect(answer.partitions.slice(0, 2)).toEqual([
      {
        partition: 0,
        counts: { delivered: 4, ok: 2, duplicate: 1, invalid: 1 },
        unreadable: 1,
        logEndOffset: 6,
        storedOffset: 6,
        readingsOffset: 0,
        complete: true,
        readingsComplete: false,
        storing: { waiting: false, atMostSeconds: 0 },
        building: { waiting: true, atMostSeconds: expect.any(Number) },
      },
      expect.objectContaining({
        partition: 1,
        logEndOffset: 3,
        storedOffset: 1,
        complete: false,
        storing: { waiting: true, atMostSeconds: expect.any(Number) },
      }),
    ]);
    expect(answer.partitions[1].storing.atMostSeconds).toBeLessThanOrEqual(60);
    await world.builder.advance();
    expect(await body()).toMatchObject({ complete: false, readingsComplete: true });
  });

  it('counts what arrived in a time', async () => {
    const query = '?from=2025-06-10T00:00:00.5Z&to=2025-06-11T00:00:00.001Z';
    expect(await body(query)).toMatchObject({
      from: '2025-06-10T00:00:00.5Z',
      total: { delivered: 2, ok: 1, duplicate: 1, invalid: 0 },
    });
    const backwards = '?from=2025-06-11T00:00:00Z&to=2025-06-10T00:00:00Z';
    expect((await world.get(path + backwards)).status).toBe(400);
  });
});

describe('GET /api/ledgerline/v1/completeness where keys tell namespaces apart', () => {
  it('shows no offsets, which count what others send', async () => {
    const world = await MeteringWorld.open({ env: { LEDGERLINE_AUTH_MODE: 'api-key' } });
    try {
      await world.createLog({ 0: 2 });
      await world.store([{ time: '2025-06-10T00:00:00Z', namespace: 'theirs', partition: 0 }]);
      const { body } = await world.get('/api/ledgerline/v1/completeness');
      expect(Object.keys(body.partitions[0]).sort()).toEqual([
        'building',
        'complete',
        'counts',
        'partition',
        'readingsComplete',
        'storing',
      ]);
      expect(body.total.delivered).toBe(0);
    } finally {
      await world.close();
    }
  });
});
