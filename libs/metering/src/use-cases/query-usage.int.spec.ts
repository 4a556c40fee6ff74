import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { instant, type Period, toNumeric } from '@ledgerline/kernel';
import { MeteringWorld } from '../../test/metering-world.js';

const hour = (n: number): string => `2025-06-01T${String(n).padStart(2, '0')}:00:00Z`;
const period = (from: number, to: number): Period => ({ from: instant(hour(from)), to: instant(hour(to)) });

describe('usage of many periods', () => {
  let world: MeteringWorld;
  const ids = new Map<string, string>();
  beforeAll(async () => {
    world = await MeteringWorld.open();
    for (const aggregation of ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'LATEST', 'UNIQUE_COUNT']) {
      const { id } = await world.createMeter({
        slug: aggregation.toLowerCase(),
        aggregation,
        eventType: 'usage',
        ...(aggregation === 'COUNT' ? {} : { valueProperty: '$.n' }),
        groupBy: { model: '$.model' },
      });
      ids.set(aggregation, id);
    }
    const event = (at: number, n: unknown, subject = 's1') => ({
      time: hour(at),
      subject,
      data: { n, model: subject },
    });
    await world.store([
      event(0, '0.1'),
      event(1, '0.2'),
      event(1, '0.2', 's2'),
      event(3, 3),
      event(3, null),
      event(5, '-1.5', 's2'),
      event(6, 'none'),
    ]);
  });
  afterAll(() => world.close());

  const ask = async (
    aggregation: string,
    periods: readonly Period[],
    more: { subjects?: string[]; filters?: Record<string, { $eq: string }> } = {},
  ): Promise<(string | null)[]> => {
    const read = async () =>
      (
        await world.usage.run({
          namespace: 'default',
          meterId: ids.get(aggregation)!,
          subjects: undefined,
          periods,
          ...more,
        })
      ).map(({ value, hasUsage }) => (hasUsage ? toNumeric(value) : null));
    const raw = await read();
    await world.builder.advance();
    expect(await read()).toEqual(raw);
    return raw;
  };
  // Overlapping, cumulative, touching, apart, empty, without events, and in no order.
  const periods = [
    period(3, 6),
    period(0, 1),
    period(0, 2),
    period(0, 7),
    period(2, 2),
    period(2, 3),
    period(10, 12),
    period(6, 7),
  ];

  it.each<[string, (string | null)[]]>([
    ['SUM', ['1.5', '0.1', '0.5', '2', null, null, null, null]],
    ['COUNT', ['3', '1', '3', '7', null, null, null, '1']],
    ['AVG', ['0.75', '0.1', '0.1666666666666666667', '0.4', null, null, null, null]],
    ['MIN', ['-1.5', '0.1', '0.1', '-1.5', null, null, null, null]],
    ['MAX', ['3', '0.1', '0.2', '3', null, null, null, null]],
    ['LATEST', ['-1.5', '0.1', '0.2', '-1.5', null, null, null, null]],
    ['UNIQUE_COUNT', ['2', '1', '2', '5', null, null, null, '1']],
  ])('answers %s in their order', async (aggregation, expected) => {
    expect(await ask(aggregation, periods)).toEqual(expected);
  });

  it('keeps to subjects and filters', async () => {
    expect(await ask('SUM', [period(0, 7)], { subjects: ['s2'] })).toEqual(['-1.3']);
    expect(await ask('SUM', [period(0, 7)], { subjects: [] })).toEqual([null]);
    expect(await ask('SUM', [period(0, 7)], { filters: { model: { $eq: 's2' } } })).toEqual(['-1.3']);
    await expect(ask('SUM', [period(0, 7)], { filters: { nope: { $eq: 's2' } } })).rejects.toThrow(
      /no group by key nope/,
    );
  });

  it('cuts periods into windows too', async () => {
    const [first, second] = await world.usage.run({
      namespace: 'default',
      meterId: ids.get('UNIQUE_COUNT')!,
      subjects: undefined,
      periods: [period(0, 4), period(3, 7)],
      window: { size: 'HOUR', timeZone: 'UTC' },
    });
    const shown = (windows: typeof first) =>
      windows!.windows.map(
        ({ start, end, value }) => `${start.toString()} ${end.toString()} ${toNumeric(value)}`,
      );
    expect([toNumeric(first!.value), shown(first)]).toEqual([
      '3',
      [`${hour(0)} ${hour(1)} 1`, `${hour(1)} ${hour(2)} 1`, `${hour(3)} ${hour(4)} 1`],
    ]);
    expect([toNumeric(second!.value), shown(second)]).toEqual([
      '3',
      [`${hour(3)} ${hour(4)} 1`, `${hour(5)} ${hour(6)} 1`, `${hour(6)} ${hour(7)} 1`],
    ]);
  });

  it('answers two thousand cumulative periods in one statement', async () => {
    const start = instant(hour(0));
    const many = Array.from({ length: 2_000 }, (_, n) => ({
      from: start,
      to: start.add({ minutes: n + 1 }),
    }));
    const answers = await ask('SUM', many);
    expect(answers[0]).toBe('0.1');
    expect(answers[60]).toBe('0.5');
    expect(answers[1_999]).toBe('2');
  });

  it('adds up exactly', async () => {
    const { id } = await world.createMeter({
      slug: 'exact',
      aggregation: 'SUM',
      eventType: 'exact',
      valueProperty: '$.n',
    });
    ids.set('exact', id);
    await world.store([
      { type: 'exact', time: hour(8), dataText: '{"n":"0.1234567890123456789"}' },
      { type: 'exact', time: hour(8), dataText: '{"n":"9999999999999999999"}' },
      { type: 'exact', time: hour(8), dataText: '{"n":"9999999999999999999"}' },
    ]);
    await world.clickhouse.command({
      query: `INSERT INTO events (namespace, id, source, type, subject, time, data, has_data, status, kafka_partition, kafka_offset,
          index_in_record, fingerprint, batch_month)
        SELECT 'default', toString(number), 'bulk', 'exact', 's1', toDateTime64('2025-06-01 09:00:00', 0, 'UTC'), '{"n":0.000000001}', 1,
          'ok', 0, 1000 + number, 0, number, 202506
        FROM numbers(100000)`,
    });
    expect(await ask('exact', [period(8, 9), period(9, 10), period(8, 10)])).toEqual([
      '19999999999999999998.1234567890123456789',
      '0.0001',
      '19999999999999999998.1235567890123456789',
    ]);
  });

  it('adds up ten million small values exactly', async () => {
    const { id } = await world.createMeter({
      slug: 'small',
      aggregation: 'SUM',
      eventType: 'small',
      valueProperty: '$.n',
    });
    await world.builder.advance();
    // Readings made in the store: reading ten million events takes a minute, and adding up is what is asked here.
    await world.clickhouse.command({
      query: `INSERT INTO readings (namespace, meter_id, meter_version, subject, dimensions, time, value, value_text, kafka_partition,
          kafka_offset, index_in_record, kind, range_from, range_to, generation, batch_month)
        SELECT 'default', '${id}', 1, 's1', [], toDateTime64('2025-06-01 12:00:00', 0, 'UTC') + intDiv(number * 9, 12500),
          toDecimal128('0.000000001', 19), NULL, 1, number, 0, 'reading', -1, -1, 0, 202506
        FROM numbers(10000000)`,
    });
    const sum = async (periods: readonly Period[]): Promise<string[]> =>
      (await world.usage.run({ namespace: 'default', meterId: id, subjects: undefined, periods })).map(
        ({ value }) => toNumeric(value),
      );
    // From a rollup, from a rollup and readings, and from readings alone.
    expect(await sum([period(12, 14)])).toEqual(['0.01']);
    const cut = instant('2025-06-01T12:33:20Z');
    const [before, after] = await world.usage.run({
      namespace: 'default',
      meterId: id,
      subjects: undefined,
      periods: [
        { from: instant(hour(12)), to: cut },
        { from: cut, to: instant(hour(14)) },
      ],
    });
    expect(toNumeric(before!.value.plus(after!.value))).toBe('0.01');
    expect((await world.query('small', { windowSize: 'MINUTE' })).length).toBe(120);
  }, 120_000);
});
