import type { JobQueue } from '@ledgerline/kernel';
import type { DueWorkRegistry } from './due-work.js';
import type { JobRegistry } from './job-registry.js';

/**
 * Jobs and due work that talk to the outside. Apart from the others because a slow receiver must neither hold up billing nor the
 * virtual clock: everything here is due by the machine's clock.
 */
export interface OutsideLane {
  readonly queue: JobQueue;
  readonly jobs: JobRegistry;
  readonly dueWork: DueWorkRegistry;
}
