import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MeteringWorld } from '../../test/metering-world.js';
import { type ModelEvent, type ModelQuery, modelRows } from '../../test/usage-model.js';

const aggregations = ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'LATEST', 'UNIQUE_COUNT'] as const;
const start = Date.UTC(2025, 9, 20) / 1000; // daylight saving time ends on 26 October and 2 November

const event = fc.record({
  seconds: fc.oneof(
    fc.integer({ min: 0, max: 20 * 86_400 }),
    fc.integer({ min: 0, max: 40 }).map((n) => n * 1_800),
  ),
  subject: fc.constantFrom('a', 'b', 'c'),
  model: fc.constantFrom('x', 'y', undefined),
  value: fc.oneof(
    fc.integer({ min: -1_000, max: 1_000 }),
    fc
      .double({ min: -1e6, max: 1e6, noNaN: true })
      .map(Math.fround)
      .filter((n) => n === 0 || Math.abs(n) > 1e-3),
    fc.constantFrom(
      '0.000000001',
      '12345678901.123456789',
      '1e3',
      '+7',
      '.5',
      'abc',
      'NaN',
      '',
      null,
      undefined,
      true,
    ),
  ),
});
const bound = fc.option(
  fc.integer({ min: 0, max: 20 * 48 }).map((n) => start + n * 1_800 + 7),
  { nil: undefined },
);
const query = fc.record({
  aggregation: fc.constantFrom(...aggregations),
  from: bound,
  to: bound,
  window: fc.constantFrom('HOUR' as const, 'DAY' as const, 'MONTH' as const, undefined),
  zone: fc.constantFrom('UTC', 'Asia/Kolkata', 'America/Los_Angeles', 'Europe/Berlin', 'Pacific/Chatham'),
  bySubject: fc.boolean(),
  byModel: fc.boolean(),
  onlyModel: fc.constantFrom('x', '', undefined),
});
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      events: fc.array(event, { minLength: 1, maxLength: 8 }),
      month: fc.constantFrom(202510, 202511),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('build' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), query }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('regroup' as const),
      aggregation: fc.constantFrom(...aggregations),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('recreate' as const),
      aggregation: fc.constantFrom(...aggregations),
    }),
  },
);
const history = fc.array(step, { minLength: 8, maxLength: 24 });

describe('any history of events, meters and questions', () => {
  let world: MeteringWorld;
  let run = 0;
  beforeAll(async () => {
    world = await MeteringWorld.open();
  });
  afterAll(() => world.close());

  async function createMeter(type: string, aggregation: string): Promise<void> {
    await world.createMeter({
      slug: `${type}_${aggregation.toLowerCase()}`,
      aggregation,
      eventType: type,
      ...(aggregation === 'COUNT' ? {} : { valueProperty: '$.value' }),
      groupBy: { model: '$.model' },
    });
  }

  async function retire(type: string): Promise<void> {
    if (run === 0) return;
    for (const aggregation of aggregations) {
      await world.call('DELETE', `/api/v1/meters/${type}_${aggregation.toLowerCase()}`);
    }
  }

  async function ask(type: string, asked: ModelQuery): Promise<unknown[][]> {
    const { from, to } = asked;
    const rows = await world.query(`${type}_${asked.aggregation.toLowerCase()}`, {
      ...(from === undefined ? {} : { from: new Date(from * 1000).toISOString() }),
      ...(to === undefined ? {} : { to: new Date(to * 1000).toISOString() }),
      ...(asked.window === undefined ? {} : { windowSize: asked.window, windowTimeZone: asked.zone }),
      groupBy: [...(asked.bySubject ? ['subject'] : []), ...(asked.byModel ? ['model'] : [])],
      ...(asked.onlyModel === undefined ? {} : { filterGroupBy: { model: [asked.onlyModel] } }),
    });
    return rows.map((row) => [
      asked.window === undefined ? null : row.windowStart,
      row.subject,
      row.groupBy.model ?? null,
      row.value,
    ]);
  }

  it('answers as the list of events does', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        // Meters of earlier runs would only slow the builder down.
        await retire(`run${run}`);
        run += 1;
        const type = `run${run}`;
        for (const aggregation of aggregations) await createMeter(type, aggregation);
        const stored: ModelEvent[] = [];
        for (const one of steps) {
          switch (one.do) {
            case 'store': {
              // One partition, so that the order of the log is the order of the list.
              const events = one.events.map((given, n) => ({
                ...given,
                order: stored.length + n,
                seconds: start + given.seconds,
              }));
              await world.store(
                events.map(({ seconds, subject, value, model }) => ({
                  type,
                  subject,
                  partition: 2,
                  time: new Date(seconds * 1000).toISOString(),
                  data: { value, model },
                })),
                one.month,
              );
              stored.push(...events);
              break;
            }
            case 'build':
              await world.builder.advance();
              break;
            case 'regroup': {
              const slug = `${type}_${one.aggregation.toLowerCase()}`;
              const groupBy = { model: '$.model', [`extra${stored.length}`]: '$.extra' };
              expect((await world.call('PUT', `/api/v1/meters/${slug}`, { groupBy })).status).toBe(200);
              break;
            }
            case 'recreate':
              await world.call('DELETE', `/api/v1/meters/${type}_${one.aggregation.toLowerCase()}`);
              await createMeter(type, one.aggregation);
              break;
            case 'ask': {
              const { from, to } = one.query;
              if (from !== undefined && to !== undefined && from >= to) break;
              expect(await ask(type, one.query)).toEqual(modelRows(stored, one.query));
              break;
            }
          }
        }
      }),
      { numRuns: 20, endOnFailure: true },
    );
  }, 240_000);
});
