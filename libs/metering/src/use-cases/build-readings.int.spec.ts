import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MeteringWorld } from '../../test/metering-world.js';
import { extractionOf } from '../core/meter.js';
import type { Chunk } from '../core/plan-chunk.js';
import type { MeterStore, MeterVersionStore } from '../core/ports.js';
import { openReadingsBuilder } from '../open-readings.js';
import { ClickHouseReadingsStore } from '../store/clickhouse-readings-store.js';
import { METER_STORE, METER_VERSION_STORE } from '../tokens.js';
import type { UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';

const at = (second: number): string => new Date(Date.UTC(2025, 5, 1) + second * 1000).toISOString();
const sumMeter = { slug: 'tokens', aggregation: 'SUM', eventType: 'usage', valueProperty: '$.n' };

describe('building readings', () => {
  let world: MeteringWorld;
  let store: ClickHouseReadingsStore;
  beforeEach(async () => {
    world = await MeteringWorld.open();
    store = new ClickHouseReadingsStore(world.clickhouse);
    await world.clickhouse.command({ query: 'SYSTEM STOP MERGES readings' });
  });
  afterEach(() => world.close());

  const events = (count: number, from = 0) =>
    Array.from({ length: count }, (_, n) => ({ time: at(from + n), data: { n: 1, model: `m${n % 3}` } }));

  const readings = async (): Promise<{ rows: number; distinct: number }> => {
    const [row] = await world.rows<{ found: string; different: string }>(
      `SELECT count() AS found, uniqExact(meter_id, meter_version, kafka_partition, kafka_offset, index_in_record) AS different
       FROM readings WHERE kind = 'reading'`,
    );
    return { rows: Number(row!.found), distinct: Number(row!.different) };
  };
  const sum = async (slug = 'tokens'): Promise<number> => (await world.query(slug))[0]?.value ?? 0;
  const insertMany = (from: number, count: number, month = 202506) =>
    world.clickhouse.command({
      query: `INSERT INTO events (namespace, id, source, type, subject, time, data, has_data, ingested_at, stored_at, status,
          kafka_partition, kafka_offset, index_in_record, fingerprint, batch_month)
        SELECT 'default', toString(${from} * 100 + number), 'bulk', 'usage', concat('s', toString(number % 100)),
          toDateTime64('2025-06-01 00:00:00', 0, 'UTC') + number % 86400, '{"n":1}', 1, now64(3), now64(3), 'ok',
          0, ${from} + intDiv(number, 100), number % 100, number, ${month}
        FROM numbers(${count})`,
    });

  it('makes one part of an empty chunk, which still moves the generation', async () => {
    await world.builder.advance();
    expect(await world.partsOfReadings()).toBe(1);
    await world.createMeter(sumMeter);
    await world.builder.advance();
    expect(await world.partsOfReadings()).toBe(2);
    expect(
      await world.rows(
        'SELECT kind, range_from, range_to, generation FROM readings WHERE generation = 1 ORDER BY kafka_partition',
      ),
    ).toEqual(
      Array.from({ length: 4 }, () => ({ kind: 'marker', range_from: 0, range_to: -1, generation: 1 })),
    );
  });

  it('makes one part per chunk of a catch-up over more than a million events', async () => {
    await world.createMeter(sumMeter);
    await world.createMeter({ slug: 'calls', aggregation: 'COUNT', eventType: 'usage' });
    await world.builder.advance();
    const before = await world.partsOfReadings();
    await insertMany(0, 1_200_000);
    await world.builder.advance();
    expect((await world.partsOfReadings()) - before).toBe(3);
    expect(await readings()).toEqual({ rows: 2_400_000, distinct: 2_400_000 });
    expect(await sum()).toBe(1_200_000);
    const sizes = await world.rows<{ events: string }>(
      `SELECT sum(range_to - range_from + 1) * 100 AS events FROM readings WHERE kind = 'marker' AND range_to >= 0 GROUP BY _part`,
    );
    expect(sizes.every(({ events: size }) => Number(size) <= 500_000)).toBe(true);
  }, 120_000);

  it('ends a chunk where events of another month begin', async () => {
    await world.createMeter(sumMeter);
    await world.builder.advance();
    await world.store(events(5), 202505);
    await world.store(events(7, 5), 202506);
    await world.builder.advance();
    expect(
      await world.rows(
        `SELECT batch_month, count() AS found, uniqExact(_part) AS parts FROM readings WHERE kind = 'reading' GROUP BY batch_month ORDER BY batch_month`,
      ),
    ).toEqual([
      { batch_month: 202505, found: 5, parts: 1 },
      { batch_month: 202506, found: 7, parts: 1 },
    ]);
    expect(await sum()).toBe(12);
  });

  it('changes nothing when it runs again, or when the process is a new one', async () => {
    await world.createMeter(sumMeter);
    await world.store(events(20));
    await world.builder.advance();
    const once = await readings();
    const parts = await world.partsOfReadings();
    await world.builder.advance();
    await openReadingsBuilder({
      clickhouse: world.clickhouse,
      postgres: world.postgres,
      partitions: 4,
    }).advance();
    expect(await readings()).toEqual(once);
    expect(await world.partsOfReadings()).toBe(parts);
  });

  it('lets one builder of several build', async () => {
    await world.createMeter(sumMeter);
    const builders = Array.from({ length: 3 }, () =>
      openReadingsBuilder({ clickhouse: world.clickhouse, postgres: world.postgres, partitions: 4 }),
    );
    for (let round = 0; round < 10; round += 1) {
      await world.store(events(10, round * 10));
      await Promise.all(builders.map((builder) => builder.advance()));
    }
    await world.builder.advance();
    expect(await readings()).toEqual({ rows: 100, distinct: 100 });
    expect(await sum()).toBe(100);
  });

  it('is refused by the store when the mark has moved or a newer set of meters was used', async () => {
    const { id } = await world.createMeter(sumMeter);
    await world.store(events(8));
    const meters = world.app.get<MeterStore>(METER_STORE);
    const meter = await meters.find(world.app.get<UnitOfWork>(UNIT_OF_WORK).reader('default'), id);
    const chunk = (from: number, to: number, generation: bigint): Chunk => ({
      stream: { kind: 'main', generation },
      ranges: [{ partition: 0, from, to }],
      batchMonth: 202506,
      extractions: [extractionOf(meter!)],
    });
    expect(await store.append(chunk(0, 0, 5n))).toBe('stored');
    expect(await store.append(chunk(0, 0, 5n))).toBe('refused');
    expect(await store.append(chunk(2, 2, 5n))).toBe('refused');
    expect(await store.append(chunk(1, 1, 4n))).toBe('refused');
    expect(await store.append(chunk(1, 1, 6n))).toBe('stored');
    expect((await readings()).rows).toBe(2);
  });

  it('fills in a meter that came after its events, and answers the same before, while and after', async () => {
    await world.builder.advance();
    await world.store(events(30));
    await world.builder.advance();
    await world.createMeter(sumMeter);
    expect(await sum()).toBe(30);
    await world.store(events(3, 30));
    expect(await sum()).toBe(33);
    await world.builder.advance();
    expect(await sum()).toBe(33);
    expect(await readings()).toEqual({ rows: 33, distinct: 33 });
    const [version] = await world.postgres.query('SELECT completed_at FROM meter_versions');
    expect(version.completed_at).not.toBeNull();
  });

  it('builds a new version when groups change, and answers new groups before it is complete', async () => {
    await world.createMeter(sumMeter);
    await world.store(events(9));
    await world.builder.advance();
    const byModel = [3, 3, 3].map((value, n) =>
      expect.objectContaining({ value, groupBy: { model: `m${n}` } }),
    );
    expect((await world.call('PUT', '/api/v1/meters/tokens', { groupBy: { model: '$.model' } })).status).toBe(
      200,
    );
    expect(await world.query('tokens', { groupBy: ['model'] })).toEqual(byModel);
    await world.builder.advance();
    expect(await world.query('tokens', { groupBy: ['model'] })).toEqual(byModel);
    expect(
      await world.postgres.query(
        'SELECT version, completed_at IS NOT NULL AS complete, until_generation IS NULL AS included FROM meter_versions ORDER BY version',
      ),
    ).toEqual([
      { version: 1, complete: true, included: false },
      { version: 2, complete: true, included: true },
    ]);
    await world.store(events(3, 9));
    await world.builder.advance();
    expect((await readings()).rows).toBe(9 + 9 + 3);
    expect(await sum()).toBe(12);
  });

  it('keeps a deleted meter and a new one of the same slug apart', async () => {
    await world.createMeter(sumMeter);
    await world.store(events(5));
    await world.builder.advance();
    expect((await world.call('DELETE', '/api/v1/meters/tokens')).status).toBe(204);
    await world.createMeter({ ...sumMeter, aggregation: 'MAX' });
    await world.store(events(5, 5));
    await world.builder.advance();
    expect(await sum()).toBe(1);
    expect(await readings()).toEqual({ rows: 15, distinct: 15 });
  });

  it('asks again when readings were built with meters that the question did not know', async () => {
    await world.createMeter(sumMeter);
    await world.store(events(5));
    await world.builder.advance();
    const versions = world.app.get<MeterVersionStore>(METER_VERSION_STORE);
    const current = versions.newestComplete.bind(versions);
    // The set of meters changes, and a chunk is built with it, right after the question has been planned.
    let asked = 0;
    versions.newestComplete = async (db, meterId) => {
      const answer = await current(db, meterId);
      asked += 1;
      if (asked === 1) {
        await world.createMeter({ slug: 'other', aggregation: 'COUNT', eventType: 'usage' });
        await world.store(events(2, 5));
        await world.builder.advance();
      }
      return answer;
    };
    expect(await sum()).toBe(7);
    expect(asked).toBe(2);
  });

  it('leaves out what is not counted and counts a row once that is there twice', async () => {
    await world.createMeter(sumMeter);
    await world.store([
      { time: at(0), data: { n: 1 } },
      { time: at(0), data: { n: 10 }, status: 'duplicate' },
      { time: at(0), data: { n: 100 }, status: 'invalid' },
    ]);
    await world.clickhouse.command({ query: `INSERT INTO events SELECT * FROM events WHERE status = 'ok'` });
    await world.builder.advance();
    expect(await sum()).toBe(1);
  });
});
