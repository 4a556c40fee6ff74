import { invariant, type JobHandler } from '@ledgerline/kernel';

/** Which handler runs which job. Rooms register in `onModuleInit`; only the worker role runs what is registered. */
export class JobRegistry {
  private readonly handlers = new Map<string, JobHandler>();

  handle(name: string, handler: JobHandler): void {
    invariant(!this.handlers.has(name), `two handlers for the job "${name}"`);
    this.handlers.set(name, handler);
  }

  find(name: string): JobHandler | undefined {
    return this.handlers.get(name);
  }
}
