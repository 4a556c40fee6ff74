import { type Clock, isAtOrBefore, type JobQueue, type UnitOfWork } from '@ledgerline/kernel';
import type { Logger } from 'pino';
import type { DueWorkRegistry } from '../due-work.js';
import type { JobRegistry } from '../job-registry.js';
import type { LiveClock } from '../live-clock.js';
import { reasonOf } from '../telemetry/reason.js';

/** The job that runs due work. */
export const dueWorkJob = 'platform.due-work';

export interface DueNow {
  readonly name: string;
  readonly namespace: string;
  readonly dueAt: string;
}

export interface SweepParts {
  readonly dueWork: DueWorkRegistry;
  readonly unitOfWork: Pick<UnitOfWork, 'reader'>;
  readonly clock: Clock;
  readonly listNamespaces: () => Promise<readonly string[]>;
}

/** Everything that is due at this moment and not done. */
export async function findDueNow(parts: SweepParts): Promise<DueNow[]> {
  const now = parts.clock.now();
  const found: DueNow[] = [];
  for (const namespace of await parts.listNamespaces()) {
    for (const work of parts.dueWork.all()) {
      const dueAt = await work.nextDueAt(parts.unitOfWork.reader(namespace));
      if (dueAt !== undefined && isAtOrBefore(dueAt, now)) {
        found.push({ name: work.name, namespace, dueAt: dueAt.toString() });
      }
    }
  }
  return found;
}

/** Adds one job per kind of work and namespace; a job that is already waiting stays the only one. */
export async function enqueueDueWork(queue: JobQueue, due: readonly DueNow[]): Promise<void> {
  for (const { name, namespace } of due) {
    await queue.add(dueWorkJob, { namespace, name }, { key: `${dueWorkJob}/${namespace}/${name}` });
  }
}

/** Lets the worker run what the sweeper found. */
export function handleDueWork(registry: JobRegistry, dueWork: DueWorkRegistry, clock: Clock): void {
  registry.handle(dueWorkJob, async ({ namespace, name = '' }) => {
    const work = dueWork.find(name);
    if (work === undefined) throw new Error(`no due work named "${name}"`);
    await work.runDue(namespace, clock.now());
  });
}

export interface SweeperOptions extends SweepParts {
  readonly clock: LiveClock;
  readonly queue: JobQueue;
  readonly everyMs: number;
  readonly logger: Logger;
}

/** Looks for due work again and again: whatever Redis forgot or a crash left behind is found here. */
export class Sweeper {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private stopped = false;
  private state: string | undefined;

  constructor(private readonly options: SweeperOptions) {}

  /** Why due work is not found right now; undefined when it is. */
  get trouble(): string | undefined {
    return this.state;
  }

  start(): void {
    this.sweeping = this.sweep().finally(() => {
      if (!this.stopped) this.timer = setTimeout(() => this.start(), this.options.everyMs);
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    try {
      await this.options.clock.refresh();
      await enqueueDueWork(this.options.queue, await findDueNow(this.options));
      this.state = undefined;
    } catch (error) {
      // Readiness tells; the next round tries again.
      this.state = `due work is not found: ${reasonOf(error)}`;
      this.options.logger.warn({ err: error }, 'sweep failed; it is tried again');
    }
  }
}
