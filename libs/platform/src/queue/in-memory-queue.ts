import type { JobOptions, JobPayload, JobQueue } from '@ledgerline/kernel';
import type { JobRegistry } from '../job-registry.js';

interface Entry {
  readonly name: string;
  readonly payload: JobPayload;
  readonly key: string;
}

/** The queue for tests that have no Redis. The same contract suite runs on it and on the real one. */
export class InMemoryJobQueue implements JobQueue {
  private readonly waiting = new Map<string, Entry>();
  private readonly delayed = new Map<string, NodeJS.Timeout>();
  private readonly again = new Map<string, Entry>();
  private readonly active = new Set<string>();
  private registry: JobRegistry | undefined;

  constructor(private readonly options: { readonly attemptsMax: number } = { attemptsMax: 8 }) {}

  add(name: string, payload: JobPayload, { key, delayMs = 0 }: JobOptions): Promise<void> {
    const entry = { name, payload, key };
    if (this.active.has(key)) this.again.set(key, entry);
    else if (!this.waiting.has(key) && !this.delayed.has(key)) this.enqueue(entry, delayMs);
    return Promise.resolve();
  }

  /** Starts to run jobs, in the order in which they were added. */
  start(registry: JobRegistry): void {
    this.registry = registry;
    for (const entry of [...this.waiting.values()]) this.run(entry);
  }

  pending(): number {
    return this.waiting.size + this.delayed.size + this.active.size;
  }

  close(): void {
    this.registry = undefined;
    for (const timer of this.delayed.values()) clearTimeout(timer);
    this.delayed.clear();
  }

  private enqueue(entry: Entry, delayMs: number): void {
    if (delayMs > 0) {
      const timer = setTimeout(() => {
        this.delayed.delete(entry.key);
        this.enqueue(entry, 0);
      }, delayMs);
      this.delayed.set(entry.key, timer);
      return;
    }
    this.waiting.set(entry.key, entry);
    this.run(entry);
  }

  private run(entry: Entry): void {
    const registry = this.registry;
    if (registry === undefined) return;
    this.waiting.delete(entry.key);
    this.active.add(entry.key);
    void this.attempt(entry, registry).then(() => {
      this.active.delete(entry.key);
      const next = this.again.get(entry.key);
      this.again.delete(entry.key);
      if (next !== undefined) this.enqueue(next, 0);
    });
  }

  private async attempt(entry: Entry, registry: JobRegistry): Promise<void> {
    for (let attempt = 1; attempt <= this.options.attemptsMax; attempt += 1) {
      try {
        await registry.find(entry.name)?.(entry.payload);
        return;
      } catch (error) {
        // Like the real queue: the last failure ends the job and frees its key.
        this.lastError = error;
      }
    }
  }

  /** What the last failing attempt threw. */
  lastError: unknown;
}
