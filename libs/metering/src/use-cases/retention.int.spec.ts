import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { SinkEventsStore } from '@ledgerline/sink';
import { MeteringWorld, partitions } from '../../test/metering-world.js';
import { openRetention } from '../open-retention.js';
import { ClickHouseReadingsStore } from '../store/clickhouse-readings-store.js';

const nowMs = Date.parse('2025-06-15T12:00:00Z');
const dayMs = 86_400_000;
const all = Array.from({ length: partitions }, (_, at) => at);
const worlds: MeteringWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

const retention = (
  world: MeteringWorld,
  more: { client?: ClickHouseClient; eventsMonths?: number; dedupeDays?: number; virtualTime?: boolean } = {},
) => {
  const run = openRetention(
    { clickhouse: more.client ?? world.clickhouse, postgres: world.postgres },
    {
      eventsMonths: more.eventsMonths ?? 2,
      readingsMonths: 3,
      dedupeWindowMs: (more.dedupeDays ?? 32) * dayMs,
      virtualTime: more.virtualTime ?? false,
    },
  );
  return () => run(nowMs);
};

/** What must never move back: how far the sink stored, and how far readings are built. */
async function marksOf(world: MeteringWorld) {
  const readings = new ClickHouseReadingsStore(world.clickhouse);
  const byPartition = <T extends { partition: number }>(marks: readonly T[]): T[] =>
    marks
      .filter((mark) => !('offset' in mark) || mark.offset !== -1)
      .sort((a, b) => a.partition - b.partition);
  const streams = await world.rows<{ meter_id: string; meter_version: number }>(
    'SELECT DISTINCT meter_id, meter_version FROM readings ORDER BY meter_id, meter_version',
  );
  return {
    stored: [...(await new SinkEventsStore(world.clickhouse).marks(all))].sort(([a], [b]) => a - b),
    events: byPartition(await readings.eventMarks()),
    main: byPartition(await readings.marks('main')),
    fills: await Promise.all(
      streams
        .filter(({ meter_id }) => meter_id !== '')
        .map(async ({ meter_id, meter_version }) =>
          byPartition(await readings.marks({ meterId: meter_id, version: meter_version })),
        ),
    ),
  };
}

const month = (number: number): string => `2025-0${number}`;
const value = (n: number) => ({ data: { n } });

/** Five months of events, partition 3 silent since January; a meter made before and one made after they came. */
async function openWorld(): Promise<MeteringWorld> {
  const world = await MeteringWorld.open({ now: '2025-06-15T12:00:00Z' });
  worlds.push(world);
  const meter = { eventType: 'usage', aggregation: 'SUM', valueProperty: '$.n', groupBy: { g: '$.g' } };
  await world.createMeter({ ...meter, slug: 'early' });
  for (const number of [1, 2, 3, 4, 5]) {
    const ingestedAt = `${month(number)}-10T00:00:00Z`;
    const at = { ingestedAt, time: ingestedAt };
    await world.store(
      [
        { ...at, ...value(number), partition: 0, subject: 'a' },
        { ...at, ...value(10 * number), partition: 1, subject: 'b' },
        { ...at, ...value(0.1), partition: 2, time: '2024-12-31T00:00:00Z', subject: 'late' },
        // Dated ahead: it arrives in a month that leaves and belongs to one that stays.
        ...(number === 1
          ? [{ ...at, ...value(7), partition: 3, subject: 'silent' }]
          : [
              {
                ...at,
                ...value(1000 * number),
                partition: 2,
                time: '2025-05-20T00:00:00Z',
                subject: 'a',
              },
            ]),
        { ...at, status: 'duplicate', partition: 1 },
        { ...at, status: 'invalid', time: '1970-01-01T00:00:00Z', partition: 0 },
      ],
      202_500 + number,
    );
    await world.builder.advance();
  }
  await world.createMeter({ ...meter, slug: 'after' });
  await world.builder.advance();
  return world;
}

const kept = { from: '2025-04-01T00:00:00Z', to: '2025-07-01T00:00:00Z', windowSize: 'MONTH' };

async function answers(world: MeteringWorld) {
  const out: unknown[] = [];
  for (const slug of ['early', 'after']) {
    out.push(await world.query(slug, kept));
    out.push(await world.query(slug, { ...kept, windowSize: 'HOUR' }));
    out.push(await world.query(slug, { ...kept, groupBy: ['subject'] }));
  }
  return out;
}

const monthsIn = async (world: MeteringWorld, table: string, where = '1'): Promise<number[]> =>
  (
    await world.rows<{ batch_month: number }>(
      `SELECT DISTINCT batch_month FROM ${table} WHERE ${where} ORDER BY batch_month`,
    )
  ).map((row) => row.batch_month);

describe('retention', () => {
  it('lets months leave, and marks and every answer about kept time stay', async () => {
    const world = await openWorld();
    const before = { marks: await marksOf(world), answers: await answers(world) };
    const outcome = await retention(world)();
    expect(outcome?.postponed).toBeUndefined();
    expect(outcome?.events.map(({ month, rows }) => [month, rows])).toEqual([
      [202_501, 6],
      [202_502, 5],
      [202_503, 5],
    ]);
    expect(outcome?.readings.map(({ month }) => month)).toEqual([202_501, 202_502]);
    // The events dated ahead stay where they were; all else of those months is gone.
    expect(await monthsIn(world, 'events', `status != 'marker'`)).toEqual([
      202_502, 202_503, 202_504, 202_505,
    ]);
    expect(await world.rows(`SELECT toString(count()) AS n FROM events WHERE batch_month < 202504`)).toEqual([
      { n: '2' },
    ]);
    expect(
      await world.rows(`SELECT DISTINCT toString(time) AS t FROM events WHERE status = 'marker'`),
    ).toEqual([{ t: '2025-04-01 00:00:00' }]);
    expect({ marks: await marksOf(world), answers: await answers(world) }).toEqual(before);
  }, 60_000);

  it('shows markers to nobody who asks for events', async () => {
    const world = await openWorld();
    const list = async () => (await world.get('/api/v1/events?from=2025-05-16T00:00:00Z')).body;
    const before = await list();
    await retention(world)();
    expect(await list()).toEqual(before);
    expect(JSON.stringify(await list())).not.toContain('marker');
    expect((await world.get('/api/v1/debug/metrics')).text).not.toContain('marker');
  }, 60_000);

  it('goes on counting, builds nothing twice, and changes nothing when it runs again', async () => {
    const world = await openWorld();
    await retention(world)();
    const readings = "SELECT toString(count()) AS n FROM readings WHERE kind = 'reading'";
    const [counted] = await world.rows<{ n: string }>(readings);
    await world.builder.advance();
    expect(await world.rows(readings)).toEqual([counted]);
    const again = await retention(world)();
    expect(again?.events.map(({ rows }) => rows)).toEqual([0, 0]);
    await world.store([{ time: '2025-06-14T00:00:00Z', ...value(5), partition: 3, subject: 'silent' }]);
    const query = { from: '2025-06-14T00:00:00Z', to: '2025-06-15T00:00:00Z' };
    expect((await world.query('early', query))[0].value).toBe(5);
    await world.builder.advance();
    expect((await world.query('early', query))[0].value).toBe(5);
    expect((await world.query('after', query))[0].value).toBe(5);
  }, 60_000);

  it('keeps what the duplicate window needs, what no reading was made of, and what a back-fill needs', async () => {
    const world = await openWorld();
    const long = await retention(world, { dedupeDays: 120 })();
    expect(long?.events.map(({ month, rows }) => [month, rows > 0])).toEqual([
      [202_501, true],
      [202_502, false],
      [202_503, false],
    ]);
    await world.createMeter({ slug: 'filling', eventType: 'usage', aggregation: 'COUNT' });
    const filling = await retention(world)();
    expect(filling).toMatchObject({ events: [], postponed: expect.stringContaining('1 version') });
    await world.builder.advance();
    // A batch of an old month that is stored only now.
    await world.store(
      [{ time: '2025-02-01T00:00:00Z', ingestedAt: '2025-02-01T00:00:00Z', ...value(1), partition: 0 }],
      202_502,
    );
    const mark = (await marksOf(world)).stored;
    await retention(world)();
    expect((await marksOf(world)).stored).toEqual(mark);
    const waiting = `SELECT toString(count()) AS n FROM events WHERE batch_month = 202502 AND time = '2025-02-01 00:00:00'`;
    expect(await world.rows(waiting)).toEqual([{ n: '1' }]);
    await world.builder.advance();
    await retention(world)();
    expect(await world.rows(waiting)).toEqual([{ n: '0' }]);
  }, 90_000);

  it.each(['ALTER TABLE events DROP', 'ALTER TABLE events DELETE', 'ALTER TABLE readings D'])(
    'leaves everything right when it dies before: %s',
    async (statement) => {
      const world = await openWorld();
      const before = { marks: await marksOf(world), answers: await answers(world) };
      const dying = new Proxy(world.clickhouse, {
        get: (client, name) => {
          if (name !== 'command') return Reflect.get(client, name).bind(client);
          return (asked: { query: string }) =>
            asked.query.startsWith(statement)
              ? Promise.reject(new Error('killed here'))
              : client.command(asked);
        },
      });
      await expect(retention(world, { client: dying })()).rejects.toThrow('killed here');
      expect({ marks: await marksOf(world), answers: await answers(world) }).toEqual(before);
      const rest = await retention(world)();
      expect(rest?.postponed).toBeUndefined();
      expect({ marks: await marksOf(world), answers: await answers(world) }).toEqual(before);
      expect(
        await world.rows(
          `SELECT toString(count()) AS n FROM events WHERE batch_month < 202504 AND time < '2025-04-01 00:00:00'`,
        ),
      ).toEqual([{ n: '0' }]);
    },
    90_000,
  );

  it('refuses another group to a meter that would lose its past, and allows it to one that would not', async () => {
    const world = await openWorld();
    const change = (slug: string) =>
      world.call('PUT', `/api/v1/meters/${slug}`, { groupBy: { g: '$.g', more: '$.more' } });
    await world.createMeter({ slug: 'before', eventType: 'usage', aggregation: 'COUNT' });
    expect((await change('before')).status).toBe(200);
    await world.builder.advance();
    await retention(world)();
    const refused = await change('early');
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('2025-04-01T00:00:00Z')]);
    // It has counted nothing that is gone.
    await world.createMeter({ slug: 'later', eventType: 'usage', aggregation: 'COUNT' });
    await world.builder.advance();
    await world.createMeter({ slug: 'other', eventType: 'another', aggregation: 'COUNT' });
    expect((await change('other')).status).toBe(200);
  }, 60_000);

  it('does not take the machine for the time of an instance with a virtual clock', async () => {
    const world = await openWorld();
    // Latest arrival: 10 May. Two full months before May stay.
    const outcome = await retention(world, { virtualTime: true })();
    expect(outcome?.events.map(({ month }) => month)).toEqual([202_501, 202_502]);
  }, 60_000);
});
