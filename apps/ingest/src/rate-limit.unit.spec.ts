import { describe, expect, it } from '@jest/globals';
import { RateLimit } from './rate-limit.js';

describe('RateLimit', () => {
  it('lets a second’s worth through at once, then refills with time', () => {
    const limit = new RateLimit(3);
    const answers = [0, 0, 0, 0, 333, 334, 5_000, 5_000, 5_000, 5_000].map((atMs) => limit.take('ns', atMs));
    expect(answers).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0, 1]);
  });

  it('counts each namespace on its own', () => {
    const limit = new RateLimit(1);
    expect([limit.take('a', 0), limit.take('b', 0), limit.take('a', 0)]).toEqual([0, 0, 1]);
  });
});
