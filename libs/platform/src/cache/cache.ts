/** Texts that may vanish at any moment: nothing may depend on one being there. */
export interface Cache {
  /** Undefined when it was never kept, is too old, was crowded out or got lost. */
  get(space: CacheSpace, key: string): Promise<string | undefined>;
  put(space: CacheSpace, key: string, text: string): Promise<void>;
}

/** What lies in one space is never seen through another. */
export interface CacheSpace {
  /** Told apart as a whole: `['progress', namespace]`. */
  readonly path: readonly string[];
  readonly ttlMs: number;
  /** Beyond it the entries that were put longest ago go first. */
  readonly entriesMax: number;
}
