import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MeteringWorld, type TestEvent } from '../../test/metering-world.js';

const numeric = ['SUM', 'AVG', 'MIN', 'MAX', 'LATEST'];

/** Every aggregation over `$.value`, UNIQUE_COUNT over `$.name`, of one event type. */
async function createAll(world: MeteringWorld, eventType: string): Promise<void> {
  for (const aggregation of [...numeric, 'COUNT', 'UNIQUE_COUNT']) {
    const value = aggregation === 'COUNT' ? undefined : aggregation === 'UNIQUE_COUNT' ? '$.name' : '$.value';
    await world.createMeter({
      slug: `${eventType}_${aggregation.toLowerCase()}`,
      aggregation,
      eventType,
      valueProperty: value,
    });
  }
}

describe('meter query', () => {
  let world: MeteringWorld;
  beforeAll(async () => {
    world = await MeteringWorld.open();
  });
  afterAll(() => world.close());

  const refusal = async (slug: string, query: Record<string, unknown>): Promise<[number, string]> => {
    const answer = await world.call('POST', `/api/v1/meters/${slug}/query`, query);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    return [answer.status, String(answer.body.detail)];
  };

  describe('of the reference’s own test data', () => {
    const expected: [string, number][] = [
      ['sum', 123.45678901234568],
      ['count', 3],
      ['avg', 61.72839450617284],
      ['min', 0.4567890123456789],
      ['max', 123],
      ['latest', 0.4567890123456789],
      ['unique_count', 2],
    ];
    beforeAll(async () => {
      await createAll(world, 'ref');
      const values = [
        { value: 123, name: 1 },
        { value: '0.4567890123456789', name: 'a' },
        { value: null, name: null },
      ];
      await world.store(values.map((data, n) => ({ type: 'ref', time: `2025-06-01T10:00:0${n}Z`, data })));
    });

    it.each(expected)('answers %s from events', async (slug, value) => {
      expect(await world.query(`ref_${slug}`, { windowSize: 'MINUTE' })).toEqual([
        {
          value,
          windowStart: '2025-06-01T10:00:00Z',
          windowEnd: '2025-06-01T10:01:00Z',
          subject: null,
          groupBy: {},
        },
      ]);
    });

    it.each(expected)('answers %s from readings', async (slug, value) => {
      await world.builder.advance();
      expect((await world.query(`ref_${slug}`))[0].value).toBe(value);
    });
  });

  describe('of values of all kinds', () => {
    const one = async (
      type: string,
      events: readonly Partial<TestEvent>[],
    ): Promise<Record<string, unknown>> => {
      await createAll(world, type);
      await world.store(events.map((event, n) => ({ time: `2025-06-02T00:00:0${n}Z`, ...event, type })));
      const read = async (): Promise<Record<string, unknown>> => {
        const found: Record<string, unknown> = {};
        for (const slug of ['sum', 'avg', 'min', 'max', 'latest', 'count', 'unique_count']) {
          found[slug] = (await world.query(`${type}_${slug}`))[0]?.value;
        }
        return found;
      };
      const raw = await read();
      await world.builder.advance();
      expect(await read()).toEqual(raw);
      return raw;
    };

    it('ignores what is no number', async () => {
      const odd = [
        '"12abc"',
        '"NaN"',
        '"Infinity"',
        '"-inf"',
        'true',
        '[1]',
        '{"a":1}',
        'null',
        '""',
        '" 5"',
        '"1.2.3"',
        '"0x10"',
        '"1_000"',
        '"."',
        '"-"',
      ];
      const events = odd.map((text) => ({
        dataText: `{"value":${text},"name":"x"}`,
        time: '2025-06-02T00:00:09Z',
      }));
      expect(await one('odd', [{ data: { value: 7, name: 'y' } }, ...events])).toEqual({
        sum: 7,
        avg: 7,
        min: 7,
        max: 7,
        latest: 7,
        count: 16,
        unique_count: 2,
      });
    });

    it('reads numbers however they are written', async () => {
      const texts = ['1e3', '"1E-3"', '"+5"', '-0', '".5"', '"5."', '"-2"', '100'];
      expect(
        await one(
          'written',
          texts.map((text) => ({ dataText: `{"value":${text},"name":${text}}` })),
        ),
      ).toMatchObject({
        sum: 1108.501,
        min: -2,
        max: 1000,
        latest: 100,
        count: 8,
        unique_count: 8,
      });
    });

    it('leaves out what a reading cannot hold instead of poisoning a sum', async () => {
      const texts = [
        '1e19',
        '"1e400"',
        '"-99999999999999999999"',
        '9999999999999999999',
        '"9999999999999999999"',
        '1',
      ];
      expect(
        await one(
          'large',
          texts.map((text) => ({ dataText: `{"value":${text}}` })),
        ),
      ).toMatchObject({
        sum: 19999999999999999999,
        max: 9999999999999999999,
        min: 1,
        count: 6,
      });
    });

    it('counts a missing path as one distinct value and null as none', async () => {
      expect(
        await one('missing', [
          {},
          { dataText: 'null' },
          { data: {} },
          { data: { name: null } },
          { data: { name: 'a' } },
        ]),
      ).toEqual({
        sum: undefined,
        avg: undefined,
        min: undefined,
        max: undefined,
        latest: undefined,
        count: 5,
        unique_count: 2,
      });
    });

    it('takes the latest by time, then by place in the log', async () => {
      const at = (second: number, value: unknown, partition: number) => ({
        time: `2025-06-02T00:00:0${second}Z`,
        data: { value },
        partition,
      });
      const found = await one('last', [at(5, 1, 0), at(5, 2, 3), at(5, 3, 1), at(4, 9, 3), at(6, null, 3)]);
      expect(found['latest']).toBe(2);
    });

    it('reads nested, quoted and indexed paths, and no member by its position', async () => {
      const paths = [
        '$.a.b',
        "$['a key'].b",
        '$.list[1]',
        '$.list[2].x',
        '$.object[0]',
        "$['ключ']",
        '$.a.b.c',
      ];
      for (const [n, valueProperty] of paths.entries()) {
        await world.createMeter({ slug: `path${n}`, aggregation: 'SUM', eventType: 'paths', valueProperty });
      }
      const data = {
        a: { b: 1 },
        'a key': { b: 2 },
        list: [10, 20, { x: 30 }],
        object: { first: 99 },
        ключ: 4,
      };
      await world.store([{ type: 'paths', time: '2025-06-02T00:00:00Z', data }]);
      const read = () => Promise.all(paths.map(async (_, n) => (await world.query(`path${n}`))[0]?.value));
      const expected = [1, 2, 20, 30, undefined, 4, undefined];
      expect(await read()).toEqual(expected);
      await world.builder.advance();
      expect(await read()).toEqual(expected);
    });
  });

  describe('in windows', () => {
    beforeAll(async () => {
      await world.createMeter({ slug: 'w', aggregation: 'COUNT', eventType: 'w' });
      const times = [
        '2025-03-08T07:59:59Z',
        '2025-03-08T08:00:00Z',
        '2025-03-09T07:59:59Z',
        '2025-03-09T08:00:00Z',
        '2025-03-10T06:59:59Z',
        '2025-03-10T07:00:00Z',
        '2025-11-02T06:59:59Z',
        '2025-11-02T07:00:00Z',
        '2025-11-03T07:59:59Z',
        '2025-11-03T08:00:00Z',
        '1931-05-05T00:00:00Z',
        '2201-02-03T04:05:06Z',
      ];
      await world.store(times.map((time) => ({ type: 'w', time })));
      await world.builder.advance();
    });
    const windows = async (query: Record<string, unknown>): Promise<string[]> =>
      (await world.query('w', query)).map((row) => `${row.windowStart} ${row.windowEnd} ${row.value}`);

    it('follows both changes of daylight saving time', async () => {
      const zone = { windowSize: 'DAY', windowTimeZone: 'America/Los_Angeles' };
      expect(await windows({ ...zone, from: '2025-03-01T00:00:00Z', to: '2025-04-01T00:00:00Z' })).toEqual([
        '2025-03-07T08:00:00Z 2025-03-08T08:00:00Z 1',
        '2025-03-08T08:00:00Z 2025-03-09T08:00:00Z 2',
        '2025-03-09T08:00:00Z 2025-03-10T07:00:00Z 2',
        '2025-03-10T07:00:00Z 2025-03-11T07:00:00Z 1',
      ]);
      expect(await windows({ ...zone, from: '2025-11-01T00:00:00Z', to: '2025-12-01T00:00:00Z' })).toEqual([
        '2025-11-01T07:00:00Z 2025-11-02T07:00:00Z 1',
        '2025-11-02T07:00:00Z 2025-11-03T08:00:00Z 2',
        '2025-11-03T08:00:00Z 2025-11-04T08:00:00Z 1',
      ]);
    });

    it('keeps to half hours, to calendar months and to years far away', async () => {
      expect(
        await windows({
          windowSize: 'HOUR',
          windowTimeZone: 'Asia/Kolkata',
          from: '2025-03-08T07:00:00Z',
          to: '2025-03-08T09:00:00Z',
        }),
      ).toEqual(['2025-03-08T07:30:00Z 2025-03-08T08:30:00Z 2']);
      expect(await windows({ windowSize: 'MONTH', windowTimeZone: 'America/Los_Angeles' })).toEqual([
        '1931-05-01T08:00:00Z 1931-06-01T08:00:00Z 1',
        '2025-03-01T08:00:00Z 2025-04-01T07:00:00Z 6',
        '2025-11-01T07:00:00Z 2025-12-01T08:00:00Z 4',
        '2201-02-01T08:00:00Z 2201-03-01T08:00:00Z 1',
      ]);
    });

    it.each([
      'Africa/Cairo',
      'Asia/Beirut',
      'America/Havana',
      'America/Asuncion',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'UTC',
    ])('ends each day where the next one starts, in %s', async (windowTimeZone) => {
      await world.createMeter({
        slug: `d_${windowTimeZone.toLowerCase().replace('/', '_')}`,
        aggregation: 'COUNT',
        eventType: 'days',
      });
      const [found] = await world.rows<{ found: string }>(
        `SELECT count() AS found FROM events WHERE type = 'days'`,
      );
      if (Number(found!.found) === 0) {
        const start = Date.UTC(2011, 11, 1);
        const hours = Array.from({ length: 24 * 400 }, (_, n) =>
          new Date(start + n * 3_600_000).toISOString(),
        );
        await world.store(hours.map((time) => ({ type: 'days', time })));
      }
      const rows = await world.query(`d_${windowTimeZone.toLowerCase().replace('/', '_')}`, {
        windowSize: 'DAY',
        windowTimeZone,
      });
      const ends = rows.slice(0, -1).map((row) => row.windowEnd);
      expect(ends).toEqual(rows.slice(1).map((row) => row.windowStart));
    });

    it('finds years far away between bounds, before and after they are read', async () => {
      await world.createMeter({ slug: 'far', aggregation: 'COUNT', eventType: 'far' });
      await world.store(
        ['1931-05-05T00:00:00Z', '2201-02-03T04:05:06Z'].map((time) => ({ type: 'far', time })),
      );
      const found = async (from: string, to: string): Promise<number> =>
        (await world.query('far', { from, to }))[0].value;
      const ask = () =>
        Promise.all([
          found('1930-01-01T00:00:00Z', '1940-01-01T00:00:00Z'),
          found('1980-01-01T00:00:00Z', '2100-01-01T00:00:00Z'),
          found('2200-01-01T00:00:00Z', '2202-01-01T00:00:00Z'),
        ]);
      expect(await ask()).toEqual([1, 0, 1]);
      await world.builder.advance();
      expect(await ask()).toEqual([1, 0, 1]);
    });

    it('cuts an edge window at from and to but reports it whole', async () => {
      expect(
        await windows({
          windowSize: 'HOUR',
          from: '2025-03-08T07:59:59.900Z',
          to: '2025-03-08T08:00:00.100Z',
        }),
      ).toEqual(['2025-03-08T07:00:00Z 2025-03-08T08:00:00Z 1']);
    });

    it('names unknown zones and sizes', async () => {
      expect(await refusal('w', { windowSize: 'DAY', windowTimeZone: 'Mars/Olympus' })).toEqual([
        400,
        'invalid time zone: Mars/Olympus',
      ]);
      expect(await refusal('w', { windowSize: 'DAY', windowTimeZone: "UTC') FORMAT CSV --" })).toEqual([
        400,
        "invalid time zone: UTC') FORMAT CSV --",
      ]);
      expect((await world.get('/api/v1/meters/w/query?windowSize=SECOND')).status).toBe(400);
    });
  });

  describe('without windows', () => {
    beforeAll(async () => {
      await createAll(world, 'n');
      await world.store([
        { type: 'n', time: '2025-06-03T10:00:30Z', data: { value: 1, name: 'a' } },
        { type: 'n', time: '2025-06-03T11:59:59Z', data: { value: 2, name: 'b' } },
      ]);
    });

    it('spans the events where no bounds are given', async () => {
      const [row] = await world.query('n_sum');
      expect(row).toMatchObject({
        windowStart: '2025-06-03T10:00:00Z',
        windowEnd: '2025-06-03T12:00:00Z',
        value: 3,
      });
      const answer = await world.call('POST', '/api/v1/meters/n_sum/query', {
        from: '2025-06-03T11:00:00.5Z',
      });
      expect(answer.body).toEqual({
        from: '2025-06-03T11:00:00.5Z',
        data: [
          {
            value: 2,
            windowStart: '2025-06-03T11:00:00.5Z',
            windowEnd: '2025-06-03T12:00:00Z',
            subject: null,
            groupBy: {},
          },
        ],
      });
    });

    it('answers nothing as nothing, and as zero where it counts', async () => {
      const none = { from: '2024-01-01T00:00:00Z', to: '2024-02-01T00:00:00Z' };
      for (const aggregation of numeric) {
        expect(await world.query(`n_${aggregation.toLowerCase()}`, none)).toEqual([]);
      }
      const zero = { value: 0, windowStart: none.from, windowEnd: none.to, subject: null, groupBy: {} };
      expect(await world.query('n_count', none)).toEqual([zero]);
      expect(await world.query('n_unique_count', none)).toEqual([zero]);
      await world.createMeter({ slug: 'never', aggregation: 'COUNT', eventType: 'never' });
      expect(await world.query('never')).toEqual([
        { ...zero, windowStart: '1970-01-01T00:00:00Z', windowEnd: '1970-01-01T00:01:00Z' },
      ]);
      expect(await world.query('never', { groupBy: ['subject'] })).toEqual([]);
      expect(await world.query('never', { windowSize: 'DAY' })).toEqual([]);
    });

    it('refuses bounds that enclose nothing', async () => {
      const at = '2025-06-03T10:00:00Z';
      expect(await refusal('n_sum', { from: at, to: at })).toEqual([400, 'from and to cannot be equal']);
      expect(await refusal('n_sum', { from: at, to: '2025-06-01T00:00:00Z' })).toEqual([
        400,
        'from must be before to',
      ]);
    });

    it('begins at the meter’s own beginning', async () => {
      await world.createMeter({
        slug: 'since',
        aggregation: 'COUNT',
        eventType: 'n',
        eventFrom: '2025-06-03T11:00:00Z',
      });
      expect((await world.query('since'))[0].value).toBe(1);
      await world.builder.advance();
      expect((await world.query('since', { from: '2025-01-01T00:00:00Z' }))[0].value).toBe(1);
    });
  });

  describe('of subjects, customers and groups', () => {
    beforeAll(async () => {
      await world.createMeter({
        slug: 'g',
        aggregation: 'SUM',
        eventType: 'g',
        valueProperty: '$.v',
        groupBy: { model: '$.model', kind: '$.kind' },
      });
      const event = (subject: string, v: number, model?: unknown, kind?: unknown): TestEvent => ({
        type: 'g',
        subject,
        time: '2025-06-04T00:00:00Z',
        data: { v, model, kind },
      });
      await world.store([
        event('a', 1, 'gpt', 'in'),
        event('a', 2, 'gpt', 'out'),
        event('b', 4, 'claude', 'in'),
        event('c', 8),
        event('d', 16, 7, true),
        event('e', 32, { x: [1] }, null),
      ]);
      world.neighbours.customers.push({ id: '01J00000000000000000000001', keys: ['cust', 'a', 'b'] });
      world.neighbours.customers.push({ id: '01J00000000000000000000002', keys: ['c'] });
      world.neighbours.customers.push({ id: '01J00000000000000000000003', keys: [] });
    });
    const found = async (query: Record<string, unknown>): Promise<unknown[]> => {
      const read = async () =>
        (await world.query('g', query)).map((row) => [
          row.value,
          row.subject,
          ...(row.customerId === undefined ? [] : [row.customerId]),
          row.groupBy,
        ]);
      const raw = await read();
      await world.builder.advance();
      expect(await read()).toEqual(raw);
      return raw;
    };

    it('groups in a fixed order', async () => {
      expect(await found({ groupBy: ['subject'] })).toEqual([
        [3, 'a', {}],
        [4, 'b', {}],
        [8, 'c', {}],
        [16, 'd', {}],
        [32, 'e', {}],
      ]);
      expect(await found({ groupBy: ['kind', 'model'] })).toEqual([
        [8, null, { kind: '', model: '' }],
        [32, null, { kind: '', model: '{"x":[1]}' }],
        [4, null, { kind: 'in', model: 'claude' }],
        [1, null, { kind: 'in', model: 'gpt' }],
        [2, null, { kind: 'out', model: 'gpt' }],
        [16, null, { kind: 'true', model: '7' }],
      ]);
    });

    it('filters by subjects and shows them apart', async () => {
      expect(await found({ subject: ['a', 'c', 'nobody'] })).toEqual([
        [3, 'a', {}],
        [8, 'c', {}],
      ]);
      expect(await found({ subject: ['nobody'] })).toEqual([]);
    });

    it('filters by customers, with their key and subject keys', async () => {
      expect(
        await found({ filterCustomerId: ['01J00000000000000000000001', '01J00000000000000000000002'] }),
      ).toEqual([
        [7, null, '01J00000000000000000000001', {}],
        [8, null, '01J00000000000000000000002', {}],
      ]);
      expect(await found({ filterCustomerId: ['01J00000000000000000000001'], subject: ['b', 'c'] })).toEqual([
        [4, 'b', '01J00000000000000000000001', {}],
      ]);
      expect((await refusal('g', { filterCustomerId: ['01J0000000000000000000000X'] }))[0]).toBe(404);
      expect((await refusal('g', { filterCustomerId: ['01J00000000000000000000003'] }))[0]).toBe(400);
      expect((await refusal('g', { groupBy: ['customer_id'] }))[0]).toBe(400);
    });

    it('filters by groups', async () => {
      expect(await found({ filterGroupBy: { model: ['gpt', 'claude'], kind: ['in'] } })).toEqual([
        [5, null, {}],
      ]);
      expect(await found({ filterGroupBy: { model: [] } })).toEqual([[63, null, {}]]);
      expect(await found({ filterGroupBy: { model: [''] } })).toEqual([[8, null, {}]]);
      expect(await refusal('g', { filterGroupBy: { nope: ['x'] } })).toEqual([
        400,
        'invalid group by filter: nope',
      ]);
      expect(await refusal('g', { groupBy: ['nope'] })).toEqual([400, 'invalid group by: nope']);
    });

    it.each<[Record<string, unknown>, number | undefined]>([
      [{ $eq: 'gpt' }, 3],
      [{ $ne: 'gpt' }, 60],
      [{ $in: ['gpt', '7'] }, 19],
      [{ $nin: ['gpt', '7', ''] }, 36],
      [{ $like: 'g%' }, 3],
      [{ $like: 'G%' }, undefined],
      [{ $ilike: 'G_T' }, 3],
      [{ $nlike: '%p%' }, 60],
      [{ $nilike: '%P%' }, 60],
      [{ $gt: 'claude' }, 35],
      [{ $gte: 'claude' }, 39],
      [{ $lt: 'claude' }, 24],
      [{ $lte: 'claude' }, 28],
      [{ $or: [{ $eq: 'gpt' }, { $eq: 'claude' }] }, 7],
      [{ $and: [{ $like: 'g%' }, { $ne: 'gpt' }] }, undefined],
      [{}, 63],
    ])('filters by %j', async (model, value) => {
      expect(await found({ advancedMeterGroupByFilters: { model } })).toEqual(
        value === undefined ? [] : [[value, null, {}]],
      );
    });

    it('refuses filters that contradict each other', async () => {
      const both = { filterGroupBy: { model: ['x'] }, advancedMeterGroupByFilters: { model: { $eq: 'x' } } };
      expect(await refusal('g', both)).toEqual([
        400,
        'advanced meter group by filters and filter group by cannot be used together',
      ]);
      expect(
        (await refusal('g', { advancedMeterGroupByFilters: { model: { $eq: 'x', $ne: 'y' } } }))[0],
      ).toBe(400);
      expect((await refusal('g', { advancedMeterGroupByFilters: { nope: { $eq: 'x' } } }))[0]).toBe(400);
    });

    it('answers GET like POST', async () => {
      const url =
        '/api/v1/meters/g/query?groupBy=model&subject=a&filterGroupBy[kind]=out&from=2025-06-01T00:00:00Z';
      expect((await world.get(url)).body).toEqual({
        from: '2025-06-01T00:00:00Z',
        data: [
          {
            value: 2,
            subject: 'a',
            groupBy: { model: 'gpt' },
            windowStart: '2025-06-01T00:00:00Z',
            windowEnd: '2025-06-04T00:01:00Z',
          },
        ],
      });
    });

    it('answers CSV to the one media type alone', async () => {
      const url =
        '/api/v1/meters/g/query?windowSize=DAY&groupBy=kind&groupBy=subject&filterCustomerId=01J00000000000000000000001';
      const answer = await world.get(url, { accept: 'text/csv; charset=utf-8' });
      expect(answer.headers['content-type']).toContain('text/csv');
      expect(answer.headers['content-disposition']).toBe('attachment; filename=g.csv');
      expect(answer.text).toBe(
        'window_start,window_end,subject,kind,customer_id,value\n' +
          '2025-06-04T00:00:00Z,2025-06-05T00:00:00Z,a,in,01J00000000000000000000001,1.000000\n' +
          '2025-06-04T00:00:00Z,2025-06-05T00:00:00Z,b,in,01J00000000000000000000001,4.000000\n' +
          '2025-06-04T00:00:00Z,2025-06-05T00:00:00Z,a,out,01J00000000000000000000001,2.000000\n',
      );
      expect((await world.get(url, { accept: 'text/csv, */*' })).headers['content-type']).toContain('json');
    });
  });

  it('keeps namespaces apart', async () => {
    await world.createMeter({ slug: 'mine', aggregation: 'COUNT', eventType: 'both' });
    await world.store([
      { type: 'both', time: '2025-06-05T00:00:00Z' },
      { type: 'both', time: '2025-06-05T00:00:00Z', namespace: 'theirs' },
    ]);
    expect((await world.query('mine'))[0].value).toBe(1);
    await world.builder.advance();
    expect((await world.query('mine'))[0].value).toBe(1);
  });
});
