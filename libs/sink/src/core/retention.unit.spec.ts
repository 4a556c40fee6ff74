import { describe, expect, it } from '@jest/globals';
import { decideCutoff } from './retention.js';

describe('the month before which rows leave', () => {
  it.each([
    ['2026-11-21T12:00:00Z', 1, 202_610, '2026-10-01T00:00:00Z'],
    ['2026-01-31T23:59:59Z', 1, 202_512, '2025-12-01T00:00:00Z'],
    ['2026-03-01T00:00:00Z', 14, 202_501, '2025-01-01T00:00:00Z'],
    ['2026-12-31T00:00:00Z', 12, 202_512, '2025-12-01T00:00:00Z'],
  ])('at %s with %i months kept is %i', (now, months, month, first) => {
    expect(decideCutoff(Date.parse(now), months)).toEqual({ month, seconds: Date.parse(first) / 1000 });
  });
});
