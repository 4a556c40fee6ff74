import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, isolated, type Isolated } from '@ledgerline/testkit';
import { pino } from 'pino';
import type { CacheSpace } from './cache.js';
import { RedisCache } from './redis-cache.js';

describe('RedisCache', () => {
  let corner: Isolated;
  const caches: RedisCache[] = [];
  const open = (url = corner.redisUrl): RedisCache => {
    const cache = new RedisCache({ url, keyPrefix: corner.redisPrefix, logger: pino({ level: 'silent' }) });
    caches.push(cache);
    return cache;
  };
  beforeAll(async () => {
    corner = await isolated();
  });
  afterAll(async () => {
    caches.forEach((cache) => cache.close());
    await corner.dispose();
  });
  const space = (path: readonly string[], change: Partial<CacheSpace> = {}): CacheSpace => ({
    path,
    ttlMs: 60_000,
    entriesMax: 100,
    ...change,
  });

  it('keeps what one process put for all others', async () => {
    const [one, other] = [open(), open()];
    await one.put(space(['a']), 'k', 'first');
    await one.put(space(['a']), 'k', 'second');
    expect(await other.get(space(['a']), 'k')).toBe('second');
    expect(await other.get(space(['a']), 'l')).toBeUndefined();
  });

  it('never shows one space through another, whatever paths and keys hold', async () => {
    const cache = open();
    await cache.put(space(['p', 'a']), 'b:c', 'ours');
    await cache.put(space(['p', 'a']), '1:b:entry:c', 'ours');
    const strangers = [['p', 'a:b'], ['p'], ['p', 'a', 'b'], ['p', 'a:1', 'b']];
    for (const path of strangers) {
      for (const key of ['c', 'b:c', 'a:b:c']) expect(await cache.get(space(path), key)).toBeUndefined();
    }
  });

  it('forgets by age and, when crowded, what was put longest ago', async () => {
    const cache = open();
    const small = space(['crowd'], { entriesMax: 3 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) await cache.put(small, key, key);
    const kept = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => cache.get(small, key)));
    expect(kept).toEqual([undefined, undefined, 'c', 'd', 'e']);
    const brief = space(['brief'], { ttlMs: 30 });
    await cache.put(brief, 'k', 'v');
    await eventually(async () => (await cache.get(brief, 'k')) === undefined, { what: 'the entry to go' });
  });

  it('says so at once when Redis is away', async () => {
    const cache = open('redis://127.0.0.1:9');
    await expect(cache.put(space(['a']), 'k', 'v')).rejects.toThrow();
    await expect(cache.get(space(['a']), 'k')).rejects.toThrow();
  });
});
