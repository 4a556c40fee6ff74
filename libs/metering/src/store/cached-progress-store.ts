import { instant, toRfc3339 } from '@ledgerline/kernel';
import type { Cache, CacheSpace } from '@ledgerline/platform/cache';
import type { ProgressStore } from '../core/ports.js';
import type { Progress } from '../core/progress.js';

/** Long enough for a client that asks after its query has answered. */
const keptMs = 5 * 60_000;
/** Queries that one namespace watches at a time; a client that makes up ids crowds out its own only. */
const entriesMax = 1_000;

interface StoredProgress {
  readonly success: number;
  readonly failed: number;
  readonly total: number;
  readonly updatedAt: string;
}

/** Progress in the cache of all processes: whichever answers the question finds it. */
export class CachedProgressStore implements ProgressStore {
  constructor(private readonly cache: Cache) {}

  async put(namespace: string, id: string, progress: Progress): Promise<void> {
    const stored: StoredProgress = { ...progress, updatedAt: toRfc3339(progress.updatedAt) };
    await this.cache.put(spaceOf(namespace), id, JSON.stringify(stored));
  }

  async find(namespace: string, id: string): Promise<Progress | undefined> {
    const text = await this.cache.get(spaceOf(namespace), id);
    if (text === undefined) return undefined;
    const stored = JSON.parse(text) as StoredProgress; // nobody else writes into this space
    return { ...stored, updatedAt: instant(stored.updatedAt) };
  }
}

const spaceOf = (namespace: string): CacheSpace => ({
  path: ['progress', namespace],
  ttlMs: keptMs,
  entriesMax,
});
