import type { Instant } from '@ledgerline/kernel';

/** Work that is due, told so that a person can find it. */
export interface DueItem {
  readonly name: string;
  readonly namespace: string;
  readonly dueAt: Instant;
}

/** What a move of the clock sees and does. */
export interface ClockSurroundings {
  /** Runs `move` while nobody else moves the clock; undefined when somebody does. */
  whileAlone<T>(move: () => Promise<T>): Promise<T | undefined>;
  now(): Promise<Instant>;
  /** Sets the time for every process: Postgres first, then the topic. */
  set(to: Instant): Promise<void>;
  /** The next due instant of each kind of work and namespace. */
  nextDue(): Promise<readonly DueItem[]>;
  /** Asks the worker to do this work. */
  requestWork(items: readonly DueItem[]): Promise<void>;
  /** Why something that a job or a notice may still cause is outstanding; undefined when all is quiet. */
  findUnrest(): Promise<string | undefined>;
}
