import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { instant, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { MeteringWorld } from '../../test/metering-world.js';
import { type Aggregation, extractionOf, type Meter } from '../core/meter.js';
import type { GroupColumn, MeterQuery, WindowSize } from '../core/meter-query.js';
import { planMeterQuery, querySettings, scopeOf } from '../core/plan-meter-query.js';
import { planUsageQuery } from '../core/plan-usage-query.js';
import type { MeterStore } from '../core/ports.js';
import { quarterZonesSinceSeconds } from '../core/rollup.js';
import type { Statement } from '../core/statement.js';
import { METER_STORE } from '../tokens.js';

const month = { from: instant('2025-06-01T00:00:00Z'), to: instant('2025-07-01T00:00:00Z') };
const subject: GroupColumn = { kind: 'subject' };
const model: GroupColumn = { kind: 'dimension', key: 'model' };

describe('rollups', () => {
  let world: MeteringWorld;
  const meters = new Map<Aggregation, Meter>();
  beforeAll(async () => {
    world = await MeteringWorld.open();
    const db = world.app.get<UnitOfWork>(UNIT_OF_WORK).reader('default');
    for (const aggregation of ['SUM', 'UNIQUE_COUNT', 'LATEST'] as const) {
      const { id } = await world.createMeter({
        slug: aggregation.toLowerCase(),
        aggregation,
        eventType: 'usage',
        valueProperty: '$.n',
        groupBy: { model: '$.model' },
      });
      const meter = await world.app.get<MeterStore>(METER_STORE).find(db, id);
      meters.set(aggregation, meter!);
    }
    // Enough rows that a rollup is the cheaper way to read them.
    await world.clickhouse.command({
      query: `INSERT INTO events (namespace, id, source, type, subject, time, data, has_data, ingested_at, stored_at, status,
          kafka_partition, kafka_offset, index_in_record, fingerprint, batch_month)
        SELECT 'default', toString(number), 'bulk', 'usage', concat('s', toString(number % 100)),
          toDateTime64('2025-06-01 00:00:00', 0, 'UTC') + number * 17 % 2592000,
          concat('{"n":', toString(number % 50), ',"model":"m', toString(number % 4), '"}'), 1, now64(3), now64(3), 'ok',
          0, intDiv(number, 100), number % 100, number, 202506
        FROM numbers(100000)`,
    });
    await world.builder.advance();
  }, 60_000); // a hundred thousand events become three readings each
  afterAll(() => world.close());

  const explained = async ({ sql, params }: Statement): Promise<string> => {
    const result = await world.clickhouse.query({
      query: `EXPLAIN PLAN ${sql}`,
      query_params: { ...params },
      format: 'TabSeparatedRaw',
      clickhouse_settings: querySettings,
    });
    return result.text();
  };
  /** What a statement reads, in order: rollups, readings, events. */
  const readBy = async (statement: Statement): Promise<string[]> =>
    [...(await explained(statement)).matchAll(/ReadFromMergeTree \(([^)]*)\)/g)].map(([, name = '']) =>
      name.replace(/^.*\./, ''),
    );
  const source = { kind: 'readings', generation: 1_000n, partitions: 4 } as const;
  const statementOf = (aggregation: Aggregation, asked: Partial<MeterQuery>): Statement => {
    const meter = meters.get(aggregation)!;
    const query: MeterQuery = {
      ...month,
      window: undefined,
      subjects: undefined,
      customers: undefined,
      groupBy: [],
      filters: [],
      ...asked,
    };
    return planMeterQuery(scopeOf(meter, extractionOf(meter), source, query), query);
  };
  const window = (size: WindowSize, timeZone = 'UTC') => ({ size, timeZone });
  const onlyM1 = [{ key: 'model', filter: { operator: '$in' as const, values: ['m1'] } }];

  it.each<[string, Aggregation, Partial<MeterQuery>, unknown[]]>([
    ['a total', 'SUM', {}, ['by_quarter']],
    // Without borders any rollup fits, and the store takes the smallest.
    ['a total of everything', 'SUM', { from: undefined, to: undefined }, [expect.stringMatching(/^by_/)]],
    ['days by group', 'SUM', { window: window('DAY'), groupBy: [model] }, ['by_quarter']],
    [
      'days of a half-hour zone',
      'SUM',
      { window: window('DAY', 'Asia/Kolkata'), filters: onlyM1 },
      ['by_quarter'],
    ],
    ['hours of a quarter-hour zone', 'SUM', { window: window('HOUR', 'Asia/Kathmandu') }, ['by_quarter']],
    ['subjects', 'SUM', { groupBy: [subject] }, ['by_subject']],
    ['days by subject', 'SUM', { groupBy: [subject, model], window: window('DAY') }, ['by_subject']],
    ['distinct texts', 'UNIQUE_COUNT', {}, ['by_text']],
    ['distinct texts of months', 'UNIQUE_COUNT', { window: window('MONTH'), groupBy: [model] }, ['by_text']],
    [
      'borders within a quarter',
      'SUM',
      { from: instant('2025-06-02T10:07:00Z') },
      ['by_quarter', 'readings'],
    ],
    [
      'borders within a day',
      'SUM',
      { to: instant('2025-06-20T10:00:00Z'), groupBy: [subject] },
      ['by_subject', 'readings'],
    ],
    ['minutes', 'SUM', { window: window('MINUTE') }, ['readings']],
    ['one subject for a month', 'SUM', { subjects: ['s7'], groupBy: [subject] }, ['readings']],
    ['the latest value', 'LATEST', {}, ['readings']],
  ])('answer %s', async (_name, aggregation, asked, expected) => {
    const read = await readBy(statementOf(aggregation, asked));
    expect(read.filter((name) => name !== 'events')).toEqual(expected);
  });

  it('answer overlapping periods in one statement', async () => {
    const meter = meters.get('SUM')!;
    const query = {
      ...month,
      window: undefined,
      subjects: undefined,
      customers: undefined,
      groupBy: [],
      filters: [],
    };
    const scope = scopeOf(meter, extractionOf(meter), source, query);
    const quarters = [
      { from: month.from, to: instant('2025-06-15T00:00:00Z') },
      { from: instant('2025-06-10T06:15:00Z'), to: month.to },
    ];
    expect(await readBy(planUsageQuery(scope, quarters, undefined))).not.toContain('readings');
    const odd = [...quarters, { from: instant('2025-06-11T06:16:00Z'), to: month.to }];
    expect(await readBy(planUsageQuery(scope, odd, undefined))).toEqual(
      expect.arrayContaining(['by_quarter', 'readings']),
    );
  });

  it('answer from far fewer rows than there are readings', async () => {
    const { sql, params } = statementOf('SUM', { window: window('MONTH') });
    const result = await world.clickhouse.query({
      query: sql,
      query_params: { ...params },
      format: 'JSON',
      clickhouse_settings: querySettings,
    });
    const { statistics } = await result.json();
    expect(statistics!.rows_read).toBeLessThan(25_000);
  });

  it('hold no row that readings do not', async () => {
    const [row] = await world.rows<{ largest: string; readings: string }>(
      `SELECT max(rows) AS largest, (SELECT count() FROM readings) AS readings FROM system.projection_parts
       WHERE database = currentDatabase() AND table = 'readings' AND active`,
    );
    expect(Number(row!.largest)).toBeLessThanOrEqual(Number(row!.readings));
  });

  it('fit every zone from the year on that is written down', async () => {
    const zones = await world.rows<{ time_zone: string }>('SELECT time_zone FROM system.time_zones');
    // A statement names its zones, so a few hundred go together; four weeks are shorter than any zone kept an odd offset.
    const odd = (name: string): string =>
      `countIf(timezoneOffset(toDateTime64(t, 0, '${name}')) % 900 != 0 ) > 0 ? '${name}' : ''`;
    const wrong: string[] = [];
    for (let at = 0; at < zones.length; at += 100) {
      const some = zones.slice(at, at + 100).map(({ time_zone }) => odd(time_zone));
      const [row] = await world.rows<{ found: string[] }>(
        `SELECT arrayFilter(name -> name != '', [${some.join(', ')}]) AS found
         FROM (SELECT ${quarterZonesSinceSeconds} + number * 2419200 AS t FROM numbers(1600))`,
      );
      wrong.push(...row!.found);
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});
