import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseRollup, quarterZonesSinceSeconds, splitByRollup } from './rollup.js';

const window = (size: string, timeZone = 'UTC') => ({ size, timeZone });

describe('chooseRollup', () => {
  it.each([
    ['SUM', false, undefined, 900],
    ['SUM', false, window('HOUR', 'Asia/Kathmandu'), 900],
    ['COUNT', false, window('MONTH', 'Europe/Berlin'), 900],
    ['MAX', false, window('MINUTE'), undefined],
    ['AVG', true, undefined, 86_400],
    ['AVG', true, window('DAY'), 86_400],
    ['AVG', true, window('DAY', 'Europe/London'), undefined],
    ['SUM', true, window('HOUR'), undefined],
    ['UNIQUE_COUNT', false, undefined, 86_400],
    ['UNIQUE_COUNT', false, window('MONTH', 'Etc/UTC'), 86_400],
    ['UNIQUE_COUNT', false, window('HOUR'), undefined],
    ['UNIQUE_COUNT', true, undefined, undefined],
    ['LATEST', false, undefined, undefined],
  ])('of %s, subjects %s, %j has buckets of %s s', (aggregation, subjects, asked, seconds) => {
    expect(chooseRollup({ aggregation, subjects, window: asked })?.seconds).toBe(seconds);
  });
});

describe('splitByRollup', () => {
  const quarters = { column: 'quarter', seconds: 900 } as const;
  const alone = { hasWindows: false, subjects: undefined };

  it('takes whole buckets only, and each second once', () => {
    const second = fc.integer({ min: -20_000, max: 20_000 });
    fc.assert(
      fc.property(
        fc.option(second, { nil: undefined }),
        fc.option(second, { nil: undefined }),
        fc.array(second, { maxLength: 5 }),
        (from, to, cuts) => {
          const split = splitByRollup(quarters, { fromSeconds: from, toSeconds: to }, cuts, alone);
          if (split === undefined) return;
          const { fromBucket = -Infinity, toBucket = Infinity, cutBuckets } = split;
          const wrong: number[] = [];
          for (let at = -21_600; at < 21_600; at += 300) {
            const bucket = Math.floor(at / 900) * 900;
            const isWhole = bucket >= fromBucket && bucket < toBucket && !cutBuckets.includes(bucket);
            const isAsked = at >= (from ?? -Infinity) && at < (to ?? Infinity);
            const isEdge = cutBuckets.includes(bucket) && isAsked;
            const isCut = [...cuts, from, to].some(
              (cut) => cut !== undefined && cut > bucket && cut < bucket + 900,
            );
            if ((isWhole || isEdge) !== isAsked || (isWhole && isCut)) wrong.push(at);
          }
          expect(wrong).toEqual([]);
        },
      ),
    );
  });

  it('leaves times to readings in which zones were odd minutes apart', () => {
    const windows = { hasWindows: true, subjects: undefined };
    expect(splitByRollup(quarters, { fromSeconds: undefined, toSeconds: undefined }, [], windows)).toEqual({
      rollup: quarters,
      fromBucket: quarterZonesSinceSeconds,
      toBucket: undefined,
      cutBuckets: [],
      readingsBefore: quarterZonesSinceSeconds,
    });
    const old = { fromSeconds: undefined, toSeconds: quarterZonesSinceSeconds };
    expect(splitByRollup(quarters, old, [], windows)).toBeUndefined();
  });

  it('is not worth a second look for few buckets', () => {
    expect(splitByRollup(quarters, { fromSeconds: 0, toSeconds: 900 }, [], alone)).toBeUndefined();
    expect(splitByRollup(quarters, { fromSeconds: 0, toSeconds: 1_800 }, [], alone)).toBeDefined();
    const days = { column: 'day', seconds: 86_400 } as const;
    const month = { fromSeconds: 0, toSeconds: 30 * 86_400 };
    expect(splitByRollup(days, month, [], { hasWindows: false, subjects: 1 })).toBeUndefined();
    expect(splitByRollup(days, month, [], { hasWindows: false, subjects: 20 })).toBeDefined();
  });
});
