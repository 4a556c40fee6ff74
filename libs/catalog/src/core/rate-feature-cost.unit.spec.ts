import { describe, expect, it } from '@jest/globals';
import {
  type Decimal,
  decimal,
  type Instant,
  instant,
  instantFromMs,
  sum,
  toNumeric,
} from '@ledgerline/kernel';
import fc from 'fast-check';
import { changesWithin, priceAt, type PriceStep, type Timeline } from './price-book.js';
import {
  cutsNeeded,
  priceKeyOf,
  rateLlmCost,
  rateManualCost,
  type UsedPart,
  type UsedRow,
} from './rate-feature-cost.js';
import type { LlmUnitCost } from './unit-cost.js';

const day = (n: number): Instant => instant('2025-06-01T00:00:00Z').add({ hours: 24 * n });
const cost: LlmUnitCost = {
  type: 'llm',
  provider: { kind: 'fixed', value: 'acme' },
  model: { kind: 'property', key: 'model' },
  tokenType: { kind: 'property', key: 'type' },
};
const row = (value: string, rest: Partial<UsedRow> = {}): UsedRow => ({
  value: decimal(value),
  windowStart: day(0),
  windowEnd: day(10),
  subject: undefined,
  customerId: undefined,
  groupBy: {},
  ...rest,
});
const part = (value: string, rest: Partial<UsedPart> = {}): UsedPart => ({
  from: day(0),
  to: day(10),
  row: row(value),
  by: ['large', 'input'],
  ...rest,
});
const step = (at: number, price: string): PriceStep => ({
  validFrom: day(at),
  pricePerToken: decimal(price),
});
const whole = (parts: readonly UsedPart[]) => ({ parts, windowed: false });
const shown = (value: Decimal | undefined): string | null => (value === undefined ? null : toNumeric(value));

describe('the key of a price', () => {
  it('takes fixed words and properties in their order', () => {
    expect(priceKeyOf(cost, ['large', 'output'])).toEqual({
      provider: 'acme',
      model: 'large',
      tokenType: 'output',
    });
  });
});

describe('what usage costs', () => {
  it('multiplies exactly, beyond what a double holds', () => {
    const [rated] = rateManualCost(whole([part('0.1234567890123456789')]), decimal('0.000000000000000003'));
    expect([shown(rated?.usage), shown(rated?.cost)]).toEqual([
      '0.1234567890123456789',
      '0.0000000000000000003703703670370370367',
    ]);
  });

  it('adds up parts of different prices to the row that was asked for', () => {
    const prices: Record<string, Timeline> = {
      'large input': [step(-1, '0.001')],
      'large output': [step(-1, '0.002')],
      'small input': [step(-1, '0.0001')],
    };
    const parts = [
      part('100'),
      part('10', { by: ['large', 'output'] }),
      part('7', { by: ['small', 'input'], row: row('7', { subject: 'b' }) }),
    ];
    const rows = rateLlmCost(
      whole(parts),
      cost,
      ({ model, tokenType }) => prices[`${model} ${tokenType}`] ?? [],
    );
    expect(rows.map(({ subject, usage, cost: amount }) => [subject, shown(usage), shown(amount)])).toEqual([
      [undefined, '110', '0.12'],
      ['b', '7', '0.0007'],
    ]);
  });

  it('says which price is missing, and leaves no sum that looks complete', () => {
    const parts = [part('100'), part('10', { by: ['new', 'input'] }), part('0', { by: ['free', 'input'] })];
    const [rated] = rateLlmCost(whole(parts), cost, ({ model }) =>
      model === 'large' ? [step(-1, '1')] : [],
    );
    expect([shown(rated?.usage), rated?.cost, rated?.detail]).toEqual([
      '110',
      undefined,
      'no price for provider "acme", model "new", token type "input"',
    ]);
  });

  it('names five missing prices and counts the rest', () => {
    const parts = Array.from({ length: 8 }, (_, n) => part('1', { by: [`m${n}`, 'input'] }));
    const [rated] = rateLlmCost(whole(parts), cost, () => []);
    expect(rated?.detail).toMatch(/"m4", token type "input"; and 3 more$/);
    expect(rated?.detail).not.toContain('"m5"');
  });

  it('has no price before the first one', () => {
    const [rated] = rateLlmCost(whole([part('1')]), cost, () => [step(1, '1')]);
    expect(rated?.detail).toMatch(/ before 2025-06-02T00:00:00Z$/);
  });

  it('keeps windows apart and puts them in order', () => {
    const second = { windowStart: day(1), windowEnd: day(2) };
    const first = { windowStart: day(0), windowEnd: day(1) };
    const parts = [part('2', { row: row('2', second) }), part('1', { row: row('1', first) })];
    const rows = rateLlmCost({ parts, windowed: true }, cost, () => [step(0, '1'), step(1, '10')]);
    expect(rows.map(({ windowStart, cost: amount }) => [windowStart.toString(), shown(amount)])).toEqual([
      ['2025-06-01T00:00:00Z', '1'],
      ['2025-06-02T00:00:00Z', '20'],
    ]);
  });

  it('lets a row without windows or bounds reach from its first event to its last', () => {
    const early = part('1', {
      from: undefined,
      to: day(1),
      row: row('1', { windowStart: day(0), windowEnd: day(1) }),
    });
    const late = part('1', {
      from: day(1),
      to: undefined,
      row: row('1', { windowStart: day(2), windowEnd: day(3) }),
    });
    const [rated, ...rest] = rateLlmCost(whole([early, late]), cost, () => [step(0, '1'), step(1, '2')]);
    expect(rest).toEqual([]);
    expect([rated?.windowStart.toString(), rated?.windowEnd.toString(), shown(rated?.cost)]).toEqual([
      '2025-06-01T00:00:00Z',
      '2025-06-04T00:00:00Z',
      '3',
    ]);
  });
});

describe('where usage must be cut', () => {
  const timeline = [step(0, '1'), step(1, '2'), step(2, '3')];
  it('is within the window only, ends not included', () => {
    const windowed = row('1', { windowStart: day(1), windowEnd: day(2) });
    expect(cutsNeeded(part('1', { row: windowed }), timeline)).toEqual([]);
    expect(cutsNeeded(part('1', { from: day(0), to: day(2) }), timeline)).toEqual([day(1)]);
  });

  it('is a whole second: bounds of a question are cut to seconds too', () => {
    const half = day(1).add({ milliseconds: 500 });
    expect(changesWithin(timeline, { from: day(0), to: half })).toEqual([]);
    expect(changesWithin(timeline, { from: half, to: day(2) })).toEqual([]);
  });
});

/** Events of one key, and prices that change meanwhile, both on whole seconds. */
const history = fc.record({
  events: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 999 }),
      value: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 30n }),
    }),
    { maxLength: 60 },
  ),
  prices: fc.uniqueArray(
    fc.record({ at: fc.integer({ min: 1, max: 999 }), price: fc.bigInt({ min: 0n, max: 10n ** 20n }) }),
    { selector: ({ at }) => at, maxLength: 8 },
  ),
  windowSeconds: fc.constantFrom(undefined, 60, 100, 333),
});

describe('cost and time', () => {
  it('is the same however usage is cut: each event by the price of its second', () => {
    fc.assert(
      fc.property(history, ({ events, prices, windowSeconds }) => {
        const at = (seconds: number): Instant => instantFromMs(seconds * 1000);
        const exact = (digits: bigint): Decimal => decimal(digits).dividedBy(decimal(10).pow(18));
        const timeline: Timeline = [{ at: 0, price: 10n ** 9n }, ...prices]
          .sort((a, b) => a.at - b.at)
          .map(({ at: second, price }) => ({ validFrom: at(second), pricePerToken: exact(price) }));
        // What metering would answer for these cuts: an independent, slow count of the events.
        const answer = (cuts: readonly Instant[]): readonly UsedPart[] => {
          const borders = [0, ...cuts.map((cut) => cut.epochMilliseconds / 1000), 1000].sort((a, b) => a - b);
          const size = windowSeconds ?? 1000;
          return borders.slice(0, -1).flatMap((from, piece) => {
            const to = borders[piece + 1]!;
            const mine = events.filter((event) => from <= event.at && event.at < to);
            const windows = [...new Set(mine.map((event) => Math.floor(event.at / size) * size))];
            return windows.map((start) => ({
              from: at(from),
              to: at(to),
              by: ['large', 'input'],
              row: row('0', {
                value: sum(
                  mine
                    .filter((event) => start <= event.at && event.at < start + size)
                    .map(({ value }) => exact(value)),
                ),
                windowStart: at(start),
                windowEnd: at(start + size),
              }),
            }));
          });
        };
        const cuts = [...new Set(answer([]).flatMap((one) => cutsNeeded(one, timeline)))];
        const parts = answer([...new Map(cuts.map((cut) => [cut.epochMilliseconds, cut])).values()]);
        expect(parts.flatMap((one) => cutsNeeded(one, timeline))).toEqual([]);
        const rows = rateLlmCost({ parts, windowed: windowSeconds !== undefined }, cost, () => timeline);
        const expected = events.map((event) => exact(event.value).times(priceAt(timeline, at(event.at))!));
        expect(toNumeric(sum(rows.map((one) => one.cost!)))).toBe(toNumeric(sum(expected)));
        expect(toNumeric(sum(rows.map(({ usage }) => usage)))).toBe(
          toNumeric(sum(events.map(({ value }) => exact(value)))),
        );
        expect(new Set(rows.map(({ windowStart }) => windowStart.epochMilliseconds)).size).toBe(rows.length);
      }),
    );
  });
});
