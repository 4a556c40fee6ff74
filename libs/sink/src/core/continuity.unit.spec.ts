import { describe, expect, it } from '@jest/globals';
import { decideStart, decideStep, faultAtMark, type Position } from './continuity.js';
import type { Mark } from './ports.js';

const mark = (nextOffset: number): Mark => ({
  nextOffset,
  latestIngestedAtMs: 0,
  ...(nextOffset > 0 ? { fingerprint: 7n } : {}),
});
const at = (expected: number, misses = 0): Position => ({ expected, check: undefined, misses });

describe('where a partition goes on', () => {
  it('starts at 0 when nothing is stored', () => {
    expect(decideStart(0, mark(0), { startOffset: 0, endOffset: 9 })).toEqual(at(0));
  });

  it('reads the record at the mark again, to compare it', () => {
    expect(decideStart(0, mark(5), { startOffset: 0, endOffset: 9 })).toEqual({
      expected: 4,
      check: mark(5),
      misses: 0,
    });
  });

  it('has nothing to compare when retention took the record at the mark', () => {
    expect(decideStart(0, mark(5), { startOffset: 5, endOffset: 5 })).toEqual(at(5));
  });

  it.each([
    ['records left before they were stored', mark(5), { startOffset: 6, endOffset: 9 }, 'gap'],
    ['nothing is stored and the log starts later', mark(0), { startOffset: 1, endOffset: 1 }, 'gap'],
    ['the log is shorter than what is stored', mark(5), { startOffset: 0, endOffset: 4 }, 'log-replaced'],
  ])('stops when %s', (_case, held, bounds, code) => {
    expect(decideStart(3, held, bounds)).toMatchObject({ code });
  });
});

describe('records that arrive', () => {
  const bounds = { startOffset: 0, endOffset: 100 };

  it('are taken at the expected offset only', () => {
    expect(decideStep(0, at(5), 5, bounds)).toEqual({ kind: 'take' });
    expect(decideStep(0, at(5), 3, bounds)).toEqual({ kind: 'seek', offset: 5 });
  });

  it('may be later once, after a seek; not for ever', () => {
    expect(decideStep(0, at(5, 4), 8, bounds)).toEqual({ kind: 'seek', offset: 5 });
    expect(decideStep(0, at(5, 5), 8, bounds)).toMatchObject({ kind: 'fault', fault: { code: 'gap' } });
  });

  it('are a gap at once when the log starts behind the expected offset', () => {
    expect(decideStep(0, at(5), 8, { startOffset: 8, endOffset: 100 })).toMatchObject({
      fault: { code: 'gap' },
    });
  });

  it('come from another log when that one ends before the expected offset', () => {
    expect(decideStep(0, at(50), 0, { startOffset: 0, endOffset: 3 })).toMatchObject({
      fault: { code: 'log-replaced' },
    });
  });

  it('ask for a new look when retention took the record to compare', () => {
    const position = { expected: 4, check: mark(5), misses: 0 };
    expect(decideStep(0, position, 5, { startOffset: 5, endOffset: 9 })).toEqual({ kind: 'reacquire' });
  });
});

describe('the record at the mark', () => {
  it('carries the stored fingerprint, or the log is another one', () => {
    expect(faultAtMark(0, mark(5), [1n, 7n])).toBeUndefined();
    expect(faultAtMark(0, mark(5), [1n])).toMatchObject({ code: 'log-replaced' });
  });
});
