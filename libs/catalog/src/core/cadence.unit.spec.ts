import { describe, expect, it } from '@jest/globals';
import { duration } from '../../test/builders.js';
import { areCadencesAligned } from './cadence.js';

// Divisibility itself is held by OpenMeter's table (tools/vectors/subscription-sync.golden.spec.ts).
describe('areCadencesAligned', () => {
  it.each([
    ['P1M', 'P1M', true],
    ['P12M', 'P1Y', true],
    ['P7D', 'P1W', true],
    ['P1M', 'P1Y', true],
    ['P1Y', 'P3M', true],
    ['P1W', 'P1M', false],
    ['P2M', 'P3M', false],
    ['P4W', 'P1M', false],
    ['P30D', 'P1M', false],
  ])('%s and %s: %s', (a, b, aligned) => {
    expect(areCadencesAligned(duration(a), duration(b))).toBe(aligned);
    expect(areCadencesAligned(duration(b), duration(a))).toBe(aligned);
  });
});
