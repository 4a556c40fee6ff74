import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MeteringWorld } from '../../test/metering-world.js';

const values = [
  { value: 123, name: 1 },
  { value: '0.4567890123456789', name: 'a' },
  { value: null, name: null },
];

describe('meter query', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open();
    for (const aggregation of ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'LATEST', 'UNIQUE_COUNT']) {
      await world.createMeter({
        slug: aggregation.toLowerCase(),
        aggregation,
        eventType: 'usage',
        ...(aggregation === 'COUNT'
          ? {}
          : { valueProperty: aggregation === 'UNIQUE_COUNT' ? '$.name' : '$.value' }),
        groupBy: { name_of: aggregation === 'UNIQUE_COUNT' ? '$.value' : '$.name' },
      });
    }
    await world.store(values.map((data, at) => ({ time: `2025-06-01T10:00:0${at}Z`, data })));
  });
  afterAll(() => world.close());

  const expected: [string, number][] = [
    ['sum', 123.45678901234568],
    ['count', 3],
    ['avg', 61.72839450617284],
    ['min', 0.4567890123456789],
    ['max', 123],
    ['latest', 0.4567890123456789],
    ['unique_count', 2],
  ];

  it.each(expected)('%s over raw events', async (slug, value) => {
    const rows = await world.query(slug, { windowSize: 'MINUTE' });
    expect(rows).toEqual([
      {
        value,
        windowStart: '2025-06-01T10:00:00Z',
        windowEnd: '2025-06-01T10:01:00Z',
        subject: null,
        groupBy: {},
      },
    ]);
  });

  it('builds readings', async () => {
    await world.builder.advance();
    const [row] = await world.rows<{ readings: string }>(
      `SELECT count() AS readings FROM readings WHERE kind = 'reading'`,
    );
    expect(Number(row?.readings)).toBe(21);
    const versions = await world.postgres.query('SELECT completed_at FROM meter_versions');
    expect(versions.every((version: { completed_at: unknown }) => version.completed_at !== null)).toBe(true);
  });

  it.each(expected)('%s over readings', async (slug, value) => {
    expect((await world.query(slug))[0].value).toBe(value);
  });
});
