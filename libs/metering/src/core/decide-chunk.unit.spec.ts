import { describe, expect, it } from '@jest/globals';
import { decideChunk } from './decide-chunk.js';
import type { EventRun } from './ports.js';

const range = (partition: number, from: number, to: number) => ({ partition, from, to });
const run = (
  partition: number,
  batchMonth: number,
  first: number,
  last: number,
  events = last - first + 1,
): EventRun => ({
  partition,
  batchMonth,
  first,
  last,
  events,
  types: [],
});

describe('the next chunk', () => {
  it('takes everything of one month', () => {
    expect(
      decideChunk([range(0, 5, 9), range(1, 0, 3)], [run(0, 202501, 5, 9), run(1, 202501, 0, 3)], 1),
    ).toEqual({
      ranges: [range(0, 5, 9), range(1, 0, 3)],
      batchMonth: 202501,
      cut: undefined,
    });
  });

  it('takes empty ranges along, under the month given when there is no event at all', () => {
    expect(decideChunk([range(0, 5, 4)], [], 202502)).toEqual({
      ranges: [range(0, 5, 4)],
      batchMonth: 202502,
      cut: undefined,
    });
    expect(decideChunk([range(0, 5, 4), range(1, 0, 0)], [run(1, 202501, 0, 0)], 202502)).toEqual({
      ranges: [range(0, 5, 4), range(1, 0, 0)],
      batchMonth: 202501,
      cut: undefined,
    });
  });

  it('ends before another month begins and leaves partitions that begin with another one', () => {
    expect(
      decideChunk(
        [range(0, 0, 9), range(1, 0, 9)],
        [run(0, 202502, 4, 9), run(0, 202501, 0, 3), run(1, 202502, 0, 9)],
        1,
      ),
    ).toEqual({ ranges: [range(0, 0, 3)], batchMonth: 202501, cut: undefined });
  });

  it('ends before months that lie within each other after a clock went back', () => {
    expect(decideChunk([range(0, 0, 9)], [run(0, 202502, 0, 9), run(0, 202501, 4, 5)], 1)).toEqual({
      ranges: [range(0, 0, 3)],
      batchMonth: 202502,
      cut: undefined,
    });
  });

  it('names the partition to cut when one alone is too many, and leaves others for later', () => {
    const runs = [run(0, 202501, 0, 9, 700), run(1, 202501, 0, 9, 50), run(2, 202501, 0, 9, 60)];
    const waiting = [range(0, 0, 9), range(1, 0, 9), range(2, 0, 9)];
    expect(decideChunk(waiting, runs, 1, 100)).toEqual({
      ranges: [range(0, 0, 9)],
      batchMonth: 202501,
      cut: 0,
    });
    expect(decideChunk(waiting.slice(1), runs, 1, 100)).toEqual({
      ranges: [range(1, 0, 9)],
      batchMonth: 202501,
      cut: undefined,
    });
  });
});
