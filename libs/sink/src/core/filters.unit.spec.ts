import { describe, expect, it } from '@jest/globals';
import { BloomFilter, DedupeFilters, keysOfFirstFilter } from './filters.js';

// A cheap full-period mix, so that keys look like hashes and every run is the same.
function keyOf(n: number): [high: number, low: number] {
  let x = Math.imul(n + 1, 0x9e3779b1);
  x ^= x >>> 16;
  const high = Math.imul(x, 0x85ebca6b) >>> 0;
  let y = Math.imul(n + 0x1234567, 0xc2b2ae35);
  y ^= y >>> 15;
  return [high, Math.imul(y, 0x27d4eb2f) >>> 0];
}

const unlimited = Number.MAX_SAFE_INTEGER;
const seen = (filters: DedupeFilters, partition: number, week: number, n: number): boolean =>
  filters.seen(partition, week, ...keyOf(n));

function countWhere(from: number, to: number, holds: (n: number) => boolean): number {
  let count = 0;
  for (let n = from; n < to; n += 1) if (holds(n)) count += 1;
  return count;
}

describe('a Bloom filter at its capacity', () => {
  it('holds what was added and is wrong about fewer than three in a thousand others', () => {
    const filter = new BloomFilter(50_000);
    for (let n = 0; n < 50_000; n += 1) filter.add(...keyOf(n));
    expect(countWhere(0, 50_000, (n) => filter.mightHold(...keyOf(n)))).toBe(50_000);
    expect(countWhere(50_000, 150_000, (n) => filter.mightHold(...keyOf(n)))).toBeLessThan(300);
  });

  it('takes 16 bits a key', () => {
    expect(new BloomFilter(1_000_000).bytes).toBe(2_000_000);
  });
});

describe('the duplicate filters', () => {
  it('see a key again in any later week, as long as it is kept', () => {
    const filters = new DedupeFilters(unlimited, 5);
    expect(seen(filters, 0, 10, 1)).toBe(false);
    expect(seen(filters, 0, 11, 1)).toBe(true);
    expect(seen(filters, 0, 15, 2)).toBe(false);
    expect(seen(filters, 0, 15, 1)).toBe(true);
  });

  it('keep partitions apart and forget one that was handed on', () => {
    const filters = new DedupeFilters(unlimited, 5);
    seen(filters, 0, 10, 1);
    expect(seen(filters, 1, 10, 1)).toBe(false);
    filters.forgetPartition(0);
    expect(seen(filters, 0, 10, 1)).toBe(false);
  });

  it('forget weeks that left the window and give their memory back', () => {
    const filters = new DedupeFilters(unlimited, 2);
    seen(filters, 0, 10, 1);
    seen(filters, 0, 13, 2);
    expect(seen(filters, 0, 13, 1)).toBe(false);
    expect(filters.use().bytes).toBe(new BloomFilter(keysOfFirstFilter).bytes);
  });

  it('never lose a key while they grow', () => {
    const filters = new DedupeFilters(unlimited, 5);
    const many = keysOfFirstFilter * 12;
    for (let n = 0; n < many; n += 1) seen(filters, 0, 10, n);
    expect(countWhere(0, many, (n) => seen(filters, 0, 10, n))).toBe(many);
    expect(filters.use().keysOverBudget).toBe(0);
  });

  it('over their budget stay inside it, lose no key and say so', () => {
    const budget = new BloomFilter(keysOfFirstFilter).bytes;
    const filters = new DedupeFilters(budget, 5);
    const many = keysOfFirstFilter * 4;
    for (let n = 0; n < many; n += 1) seen(filters, 0, 10, n);
    expect(countWhere(0, many, (n) => seen(filters, 0, 10, n))).toBe(many);
    expect(filters.use().bytes).toBe(budget);
    expect(filters.use().keysOverBudget).toBeGreaterThan(0);
  });

  it('take a reserved filter for a known number of keys without growing', () => {
    const filters = new DedupeFilters(unlimited, 5);
    filters.reserve(0, 10, 100_000);
    const { bytes } = filters.use();
    for (let n = 0; n < 100_000; n += 1) filters.add(0, 10, ...keyOf(n));
    expect(filters.use().bytes).toBe(bytes);
    expect(countWhere(0, 100_000, (n) => seen(filters, 0, 10, n))).toBe(100_000);
  });
});
