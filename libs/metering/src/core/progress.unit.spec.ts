import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { advanced, begun, broken, ended } from './progress.js';

const now = instant('2025-06-15T12:00:00Z');
const seen = (success: number, total: number) => advanced(begun(now), { success, total }, now);

describe('progress of a query', () => {
  it('goes up to what was read, whatever was estimated', () => {
    expect(begun(now)).toEqual({ success: 0, failed: 0, total: 0, updatedAt: now });
    expect(seen(10, 100)).toMatchObject({ success: 10, failed: 0, total: 100 });
    expect(advanced(seen(10, 100), { success: 5, total: 50 }, now)).toMatchObject({
      success: 10,
      total: 100,
    });
    expect(seen(120, 100)).toMatchObject({ success: 120, total: 120 });
    expect(ended(seen(10, 100), 90, now)).toMatchObject({ success: 100, failed: 0, total: 100 });
    expect(ended(begun(now), 7, now)).toMatchObject({ success: 7, failed: 0, total: 7 });
  });

  it('counts as failed what a broken query did not read, and never as nothing', () => {
    expect(broken(seen(10, 100), now)).toMatchObject({ success: 10, failed: 90, total: 100 });
    expect(broken(begun(now), now)).toMatchObject({ success: 0, failed: 1, total: 1 });
  });
});
