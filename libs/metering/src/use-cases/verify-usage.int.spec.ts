import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { MeteringWorld } from '../../test/metering-world.js';
import { openVerification } from '../open-verification.js';
import type { UsageVerified, VerifyUsage } from './verify-usage.js';

describe('verifying usage', () => {
  let world: MeteringWorld;
  let verify: VerifyUsage;
  let run = 0;
  let slug: string;
  let id: string;
  beforeAll(async () => {
    world = await MeteringWorld.open();
    verify = openVerification({
      clickhouse: world.clickhouse,
      postgres: world.postgres,
      unitOfWork: world.app.get<UnitOfWork>(UNIT_OF_WORK),
    });
  });
  afterAll(() => world.close());

  beforeEach(async () => {
    run += 1;
    slug = `m${run}`;
    ({ id } = await world.createMeter({
      slug,
      aggregation: 'SUM',
      eventType: slug,
      valueProperty: '$.n',
      groupBy: { model: '$.model' },
    }));
    const values = ['0.1234567890123456789', 1, null, 'none', -7, '1e3', undefined, 2.5];
    await world.store(
      values.map((n, at) => ({
        type: slug,
        subject: `s${at % 3}`,
        time: `2025-06-0${1 + (at % 3)}T0${at}:07:00Z`,
        data: { n, model: at % 2 === 0 ? 'x' : undefined },
      })),
    );
    await world.builder.advance();
  });

  const verified = (more: { from?: never } = {}): Promise<UsageVerified> =>
    verify.run({ namespace: 'default', meter: slug, from: undefined, to: undefined, ...more });

  it('finds nothing where nothing is wrong, a tail included', async () => {
    await world.store([{ type: slug, time: '2025-06-01T00:00:00Z', data: { n: 1 } }]);
    const { difference, compared, version } = await verified();
    expect({ difference, version }).toEqual({ difference: undefined, version: 1 });
    expect(compared.map(({ what, rows }) => [what, rows > 0])).toEqual([
      ['readings', true],
      ['by_quarter', true],
      ['by_subject', true],
      ['by_text', true],
    ]);
  });

  it('finds nothing where there is nothing', async () => {
    await world.createMeter({
      slug: `${slug}_none`,
      aggregation: 'UNIQUE_COUNT',
      eventType: 'none',
      valueProperty: '$.n',
    });
    await world.builder.advance();
    const { difference, compared } = await verify.run({
      namespace: 'default',
      meter: `${slug}_none`,
      from: undefined,
      to: undefined,
    });
    expect(difference).toBeUndefined();
    expect(compared).toEqual([{ what: 'readings', rows: 0 }]);
  });

  it('names a reading whose value was changed, and its event’s place', async () => {
    await world.clickhouse.command({
      query: `ALTER TABLE readings UPDATE value = value + toDecimal128('0.0000000000000000001', 19)
        WHERE meter_id = '${id}' AND subject = 's1' AND value = 1 SETTINGS mutations_sync = 2`,
    });
    const { difference } = await verified();
    expect(difference).toMatchObject({ what: 'readings', days: 1 });
    expect(difference?.day.toString()).toBe('2025-06-02T00:00:00Z');
    expect(difference?.rows.map(({ side, columns }) => [side, columns['value'], columns['subject']])).toEqual(
      [
        ['expected', '1', 's1'],
        ['stored', '1.0000000000000000001', 's1'],
      ],
    );
    expect(difference?.rows[0]?.columns).toHaveProperty('offset');
  });

  it('finds a reading that is missing, and one that is there twice', async () => {
    await world.clickhouse.command({
      query: `INSERT INTO readings (namespace, meter_id, meter_version, subject, dimensions, time, value, value_text, kafka_partition,
          kafka_offset, index_in_record, kind, range_from, range_to, generation, batch_month)
        SELECT namespace, meter_id, meter_version, subject, dimensions, time, value, value_text, kafka_partition,
          kafka_offset, index_in_record, kind, range_from, range_to, generation, batch_month
        FROM readings WHERE meter_id = '${id}' AND kind = 'reading' AND value = -7`,
    });
    const twice = (await verified()).difference;
    expect(twice?.rows.map(({ side, columns }) => [side, columns['value']])).toEqual([['stored', '-7']]);
    await world.clickhouse.command({
      query: `ALTER TABLE readings DELETE WHERE meter_id = '${id}' AND value = -7 SETTINGS mutations_sync = 2`,
    });
    const missing = (await verified()).difference;
    expect(missing?.rows.map(({ side, columns }) => [side, columns['value']])).toEqual([['expected', '-7']]);
  });

  it('names the bucket of a rollup that does not say what its readings say', async () => {
    const columns = `namespace, meter_id, meter_version, subject, dimensions, time, value, value_text, kafka_partition, kafka_offset,
      index_in_record, kind, range_from, range_to, generation, batch_month`;
    const quarter = "CAST(time, 'Int64') - positiveModulo(CAST(time, 'Int64'), 900)";
    // Readings come back as they were, in a part whose rollup has put them into another bucket.
    await world.clickhouse.command({
      query: `CREATE TABLE damaged_${run} ENGINE = Memory AS SELECT ${columns} FROM readings WHERE meter_id = '${id}' AND kind = 'reading'`,
    });
    await world.clickhouse.command({
      query: `ALTER TABLE readings DELETE WHERE meter_id = '${id}' AND kind = 'reading' SETTINGS mutations_sync = 2`,
    });
    await world.clickhouse.command({
      query: `ALTER TABLE readings MODIFY COLUMN quarter Int64 MATERIALIZED ${quarter} + 900`,
    });
    try {
      await world.clickhouse.command({
        query: `INSERT INTO readings (${columns}) SELECT ${columns} FROM damaged_${run}`,
      });
    } finally {
      await world.clickhouse.command({
        query: `ALTER TABLE readings MODIFY COLUMN quarter Int64 MATERIALIZED ${quarter}`,
      });
    }
    const { difference } = await verified();
    expect(difference).toMatchObject({ what: 'by_quarter', days: 3 });
    expect(difference?.day.toString()).toBe('2025-06-01T00:00:00Z');
    // 00:07 belongs to the first quarter of the day.
    const quarterOf = (seconds: number): string => String(Date.UTC(2025, 5, 1) / 1000 + seconds);
    expect(difference?.rows[0]).toMatchObject({
      side: 'expected',
      columns: { quarter: quarterOf(0), sum: '0.1234567890123456789' },
    });
    expect(difference?.rows[1]).toMatchObject({ side: 'stored', columns: { quarter: quarterOf(900) } });
  });

  it('says that there is nothing to verify while readings are filled in, and refuses what is not there', async () => {
    await world.createMeter({ slug: `${slug}_new`, aggregation: 'COUNT', eventType: slug });
    const { version } = await verify.run({
      namespace: 'default',
      meter: `${slug}_new`,
      from: undefined,
      to: undefined,
    });
    expect(version).toBeUndefined();
    await expect(
      verify.run({ namespace: 'other', meter: slug, from: undefined, to: undefined }),
    ).rejects.toThrow(/not found/);
  });
});
