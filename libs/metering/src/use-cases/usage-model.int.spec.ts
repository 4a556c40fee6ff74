import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instantFromMs } from '@ledgerline/kernel';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { MeteringWorld, partitions } from '../../test/metering-world.js';
import { type ModelEvent, type ModelQuery, modelRows } from '../../test/usage-model.js';
import { openReadingsBuilder } from '../open-readings.js';

const aggregations = ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'LATEST', 'UNIQUE_COUNT'] as const;
const day = 86_400;
const at = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date) / 1000;
/** Twenty days each in which daylight saving time begins or ends somewhere, and times in which nobody expects events. */
const starts = [
  at(2025, 10, 20),
  at(2025, 10, 20),
  at(2025, 10, 20),
  at(2025, 3, 5),
  at(2025, 3, 25),
  at(2025, 9, 28),
];
const distant = [at(1931, 5, 1), at(1979, 9, 25), at(2019, 2, 25), at(2101, 1, 1)];
const zones = [
  'UTC',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Europe/Berlin',
  'America/Los_Angeles',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
];

const hot = fc.integer({ min: 1, max: 2_400 });

const event = fc.record({
  seconds: fc
    .tuple(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...starts) },
        { weight: 1, arbitrary: fc.constantFrom(...distant) },
      ),
      fc.oneof(
        fc.integer({ min: 0, max: 20 * day }),
        fc.integer({ min: 0, max: 20 * 96 }).map((n) => n * 900),
        // Many in few quarters of an hour, where the borders of questions are too.
        hot,
        hot,
      ),
    )
    .map(([start, offset]) => start + offset),
  partition: fc.integer({ min: 0, max: 3 }),
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
/** On a day, on a quarter of an hour, or anywhere. */
const instantSeconds = fc
  .tuple(
    fc.constantFrom(...starts, ...starts, ...distant),
    fc.oneof(
      fc.integer({ min: 0, max: 20 }).map((n) => n * day),
      fc.integer({ min: 0, max: 20 * 96 }).map((n) => n * 900),
      fc.integer({ min: 0, max: 20 * day }),
      hot,
      hot,
      hot,
    ),
  )
  .map(([start, offset]) => start + offset);
const bound = fc.option(instantSeconds, { nil: undefined });
const query = fc
  .record({
    aggregation: fc.constantFrom(...aggregations),
    from: bound,
    to: bound,
    window: fc.constantFrom('MINUTE' as const, 'HOUR' as const, 'DAY' as const, 'MONTH' as const, undefined),
    zone: fc.constantFrom(...zones),
    bySubject: fc.boolean(),
    byModel: fc.boolean(),
    onlyModel: fc.constantFrom('x', '', undefined),
    onlySubjects: fc.constantFrom(undefined, undefined, ['a'], ['b', 'c']),
  })
  // Hours of a zone that shifts by half an hour overlap; whose they are is the engine's choice.
  .map((one) => (one.window === 'HOUR' && one.zone === 'Australia/Lord_Howe' ? { ...one, zone: 'UTC' } : one))
  .map((one) => ({ ...one, bySubject: one.bySubject || one.onlySubjects !== undefined }));
const periods = fc.record({
  aggregation: fc.constantFrom(...aggregations),
  bounds: fc.array(fc.tuple(instantSeconds, instantSeconds), { minLength: 1, maxLength: 6 }),
  onlySubjects: fc.constantFrom(undefined, ['a'], ['a', 'b']),
  onlyModel: fc.constantFrom('x', undefined),
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
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('interrupt' as const),
      after: fc.integer({ min: 0, max: 12 }),
      happened: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), query }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('periods' as const), periods }) },
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

interface ModelPeriods {
  readonly aggregation: string;
  readonly bounds: readonly (readonly [number, number])[];
  readonly onlySubjects: readonly string[] | undefined;
  readonly onlyModel: string | undefined;
}

const orderedBounds = ({ bounds }: ModelPeriods): readonly (readonly [number, number])[] =>
  bounds.map(([a, b]) => (a < b ? [a, b] : a > b ? [b, a] : [a, a + 1]));

/** A client whose calls fail from one on: before they are made, or after they happened with the answer lost. */
function interrupted(client: ClickHouseClient, after: number, happened: boolean): ClickHouseClient {
  let calls = 0;
  return new Proxy(client, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if ((name !== 'query' && name !== 'command') || typeof member !== 'function') return member;
      return async (...given: unknown[]): Promise<unknown> => {
        calls += 1;
        if (calls <= after) return member.apply(target, given);
        if (happened && calls === after + 1) await member.apply(target, given);
        throw new Error('interrupted');
      };
    },
  });
}

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

  /** Usage of overlapping periods, as other rooms ask for it; null where there is none. */
  async function askPeriods(type: string, asked: ModelPeriods): Promise<(number | null)[]> {
    const { id } = (await world.get(`/api/v1/meters/${type}_${asked.aggregation.toLowerCase()}`)).body;
    const answers = await world.usage.run({
      namespace: 'default',
      meterId: id,
      subjects: asked.onlySubjects,
      filters: asked.onlyModel === undefined ? {} : { model: { $eq: asked.onlyModel } },
      periods: orderedBounds(asked).map(([from, to]) => ({
        from: instantFromMs(from * 1000),
        to: instantFromMs(to * 1000),
      })),
    });
    return answers.map(({ value, hasUsage }) => (hasUsage ? value.toNumber() + 0 : null));
  }

  const modelPeriods = (events: readonly ModelEvent[], asked: ModelPeriods): (number | null)[] =>
    orderedBounds(asked).map(([from, to]) => {
      const own = { ...asked, from, to, zone: 'UTC', bySubject: false, byModel: false };
      const found = modelRows(events, own)[0]?.[3];
      // A count of nothing is no usage.
      return typeof found === 'number' && (found !== 0 || !asked.aggregation.endsWith('COUNT'))
        ? found
        : null;
    });

  async function ask(type: string, asked: ModelQuery): Promise<unknown[][]> {
    const { from, to } = asked;
    const rows = await world.query(`${type}_${asked.aggregation.toLowerCase()}`, {
      ...(from === undefined ? {} : { from: new Date(from * 1000).toISOString() }),
      ...(to === undefined ? {} : { to: new Date(to * 1000).toISOString() }),
      ...(asked.window === undefined ? {} : { windowSize: asked.window, windowTimeZone: asked.zone }),
      groupBy: [...(asked.bySubject ? ['subject'] : []), ...(asked.byModel ? ['model'] : [])],
      ...(asked.onlyModel === undefined ? {} : { filterGroupBy: { model: [asked.onlyModel] } }),
      ...(asked.onlySubjects === undefined ? {} : { subject: asked.onlySubjects }),
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
              // Places in the log, as the store orders them.
              const events = one.events.map((given, n) => ({
                ...given,
                order: given.partition * 1e6 + stored.length + n,
              }));
              await world.store(
                events.map(({ seconds, subject, value, model, partition }) => ({
                  type,
                  subject,
                  partition,
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
            case 'interrupt': {
              const builder = openReadingsBuilder({
                clickhouse: interrupted(world.clickhouse, one.after, one.happened),
                postgres: world.postgres,
                partitions,
              });
              await builder.advance().catch((error: unknown) => {
                expect(String(error)).toContain('interrupted');
              });
              break;
            }
            case 'periods':
              expect(await askPeriods(type, one.periods)).toEqual(modelPeriods(stored, one.periods));
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
