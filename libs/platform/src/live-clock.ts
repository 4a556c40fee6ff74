import type { Clock } from '@ledgerline/kernel';

/** A clock that may be moved from outside. The platform refreshes it before each request, job and notice. */
export interface LiveClock extends Clock {
  refresh(): Promise<void>;
}
