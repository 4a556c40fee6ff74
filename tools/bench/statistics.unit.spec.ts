import { describe, expect, it } from '@jest/globals';
// @ts-expect-error -- plain JavaScript without declarations: the bench runs before anything is compiled
import * as statistics from '../../bench/lib/statistics.mjs';
// @ts-expect-error -- as above
import { Tally, UsageSource } from '../../bench/lib/usage.mjs';

const {
  geometricMean,
  median,
  pairRatios,
  percentile,
  requireAgreement,
  requireSameRows,
  verdictOf,
  VoidRun,
} = statistics;

describe('the statistics of the bench', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 1, 4, 2])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });

  it('takes percentiles by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile([7], 0.99)).toBe(7);
  });

  it('divides pair by pair, so that a machine slowing down half-way changes nothing', () => {
    // The second half ran at half speed on both sides; a ratio of medians would say something else.
    const { median: middle, min, max } = pairRatios([10, 10, 20, 20, 20], [40, 50, 80, 100, 60], 'lower');
    expect([middle, min, max]).toEqual([4, 3, 5]);
    expect(pairRatios([300], [100], 'higher').median).toBe(3);
  });

  it('refuses pairs that do not match or measured nothing', () => {
    expect(() => pairRatios([1, 2], [1], 'lower')).toThrow('as many values');
    expect(() => pairRatios([], [], 'lower')).toThrow('as many values');
    expect(() => pairRatios([0], [1], 'lower')).toThrow('measured nothing');
    expect(() => pairRatios([1], [0], 'lower')).toThrow('measured nothing');
  });

  it('takes the geometric mean, so that 2× and 8× are 4×', () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
  });

  it('does not round a figure up to its goal', () => {
    expect(verdictOf(3.4999, { atLeast: 3.5 })).toBe('missed');
    expect(verdictOf(3.5, { atLeast: 3.5 })).toBe('reached');
    expect(verdictOf(2_500, { atMost: 2_500 })).toBe('reached');
    expect(verdictOf(2_500.1, { atMost: 2_500 })).toBe('missed');
    expect(verdictOf(1, undefined)).toBeUndefined();
  });
});

describe('a run is void', () => {
  it('when a side holds other events than were acknowledged', () => {
    expect(() => requireAgreement('x', { events: 10, sum: '1.5' }, { events: 10, sum: '1.5' })).not.toThrow();
    expect(() =>
      requireAgreement('our topic', { events: 10, sum: '1.5' }, { events: 11, sum: '1.5' }),
    ).toThrow(new VoidRun('our topic: events is 11 and must be 10'));
    expect(() => requireAgreement('x', { events: 10, sum: '1.5' }, { events: 10, sum: '1.500001' })).toThrow(
      VoidRun,
    );
    expect(() => requireAgreement('x', { sum: '1.5' }, {})).toThrow(VoidRun);
  });

  it('when the answers differ in a digit, a group or in being there at all', () => {
    expect(() => requireSameRows('q', [['a', 1.1]], [['a', 1.1]])).not.toThrow();
    expect(() => requireSameRows('q', [['a', 0.3]], [['a', 0.1 + 0.2]])).toThrow(VoidRun);
    expect(() => requireSameRows('q', [['a', 1]], [['b', 1]])).toThrow('only one side has the group');
    expect(() => requireSameRows('q', [['a', 1], ['b', 2]], [['a', 1]])).toThrow(VoidRun); // prettier-ignore
    expect(() => requireSameRows('q', [['a', 1], ['a', 1]], [['a', 1]])).toThrow('twice'); // prettier-ignore
    expect(() => requireSameRows('q', [], [])).toThrow('empty');
  });
});

describe('the events of the bench', () => {
  it('are what the generator adds up: the bytes sent and the tally agree', () => {
    const source = new UsageSource('spec');
    const batch = 250;
    const tally = new Tally();
    const template = source.template(batch);
    const bytes = Buffer.from(`head${template.text}`);
    const seen = new Map<string, number>();
    for (let round = 0; round < 40; round += 1) {
      const first: number = source.take(batch);
      source.write(template, bytes, 4, first);
      tally.add(first, batch);
      const events: { id: string; subject: string; time: string; data: { amount: number } }[] = JSON.parse(
        bytes.toString('utf8', 4),
      );
      for (const [at, event] of events.entries()) {
        const told = source.at(first + at);
        expect({ ...event, data: JSON.stringify(event.data) }).toMatchObject(told);
        seen.set(event.id, Math.round(event.data.amount * 1000));
      }
    }
    expect(seen.size).toBe(tally.events);
    expect([...seen.values()].reduce((sum, amount) => sum + amount, 0)).toBe(tally.thousandths);
  });
});
