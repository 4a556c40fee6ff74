import { type Db, type Instant, invariant } from '@ledgerline/kernel';

/**
 * Work that becomes due by the passing of domain time, derived from state in Postgres: what is due and not done is found
 * again. `runDue` must bring `nextDueAt` beyond `now` or throw; it must be safe to run twice.
 */
export interface DueWork {
  readonly name: string;
  /** When the earliest undone work of this namespace is due; undefined when there is none. */
  nextDueAt(db: Db): Promise<Instant | undefined>;
  /** Does everything that is due at or before `now`, or adds jobs that do it. */
  runDue(namespace: string, now: Instant): Promise<void>;
}

/** All due work of this instance. Rooms add theirs in `onModuleInit`, in both roles: the api asks, the worker runs. */
export class DueWorkRegistry {
  private readonly byName = new Map<string, DueWork>();

  add(work: DueWork): void {
    invariant(!this.byName.has(work.name), `two pieces of due work named "${work.name}"`);
    this.byName.set(work.name, work);
  }

  all(): readonly DueWork[] {
    return [...this.byName.values()];
  }

  find(name: string): DueWork | undefined {
    return this.byName.get(name);
  }
}
