import { type Clock, newId, refusal, Refused } from '@ledgerline/kernel';
import { advanced, begun, broken, ended, type Progress } from '../core/progress.js';
import type { ProgressStore, QueryWatch, WatchedQuery } from '../core/ports.js';

export interface TrackProgressPorts {
  readonly store: ProgressStore;
  readonly watch: QueryWatch;
  readonly clock: Clock;
  /** Told what kept progress from being seen; the query itself goes on. */
  readonly onTrouble: (error: unknown) => void;
}

// A person watches a bar; each look is a small question to the engine that is busy with theirs.
const lookEveryMs = 250;

/** Follows queries whose caller named a client id, for whoever asks about that id. */
export class TrackProgress {
  constructor(private readonly ports: TrackProgressPorts) {}

  /** Runs the query; with an id its progress is kept while it runs and for minutes after. */
  async run<T>(
    namespace: string,
    id: string | undefined,
    query: (watched: WatchedQuery | undefined) => Promise<T>,
  ): Promise<T> {
    if (id === undefined) return query(undefined);
    const { clock } = this.ports;
    const tag = `progress-${newId()}`;
    let progress = begun(clock.now());
    let rowsRead = 0;
    const keep = async (next: Progress): Promise<void> => {
      progress = next;
      await this.ports.store.put(namespace, id, next).catch(this.ports.onTrouble);
    };
    await keep(progress);
    const looks = this.look(tag, (seen) => keep(advanced(progress, seen, clock.now())));
    try {
      const answer = await query({ tag, onRead: (rows) => (rowsRead += rows) });
      await looks.stop();
      await keep(ended(progress, rowsRead, clock.now()));
      return answer;
    } catch (error) {
      await looks.stop();
      await keep(broken(progress, clock.now()));
      throw error;
    }
  }

  /** Throws `Refused` when no query of that id ran in this namespace within the last minutes. */
  async find(namespace: string, id: string): Promise<Progress> {
    const progress = await this.ports.store.find(namespace, id).catch((error: unknown) => {
      this.ports.onTrouble(error);
      throw new Refused(refusal.unavailable('progress cannot be read at the moment'));
    });
    if (progress === undefined) throw new Refused(refusal.notFound(`progress not found for id: ${id}`));
    return progress;
  }

  private look(
    tag: string,
    onSeen: (seen: Pick<Progress, 'success' | 'total'>) => Promise<void>,
  ): { readonly stop: () => Promise<void> } {
    let looking = Promise.resolve();
    const once = async (): Promise<void> => {
      const seen = await this.ports.watch.progressOf(tag);
      if (seen !== undefined) await onSeen(seen);
    };
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return; // the engine is slow: one look at a time
      busy = true;
      looking = once()
        .catch(this.ports.onTrouble)
        .finally(() => (busy = false));
    }, lookEveryMs);
    return {
      stop: async () => {
        clearInterval(timer);
        await looking; // or its sight would be kept after the end
      },
    };
  }
}
