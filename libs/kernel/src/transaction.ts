import type { Instant } from './time.js';

/** What a fact may carry: plain JSON, so that it reads the same years later. Decimals and instants go in as text. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A place to read: the pool, or a transaction in progress. */
export interface Db {
  readonly namespace: string;
}

/** A transaction in progress. `at` is the domain time at which it began; every row it writes uses that one instant. */
export interface Tx extends Db {
  readonly at: Instant;
  readonly actor: string;
}

/** A decision we made, to be appended to the journal. */
export interface Fact {
  /** The aggregate it belongs to, as `kind:id` (`invoice:01H…`). Facts of one stream are told to others in order. */
  readonly stream: string;
  /** Past tense (`InvoiceIssued`); also the pattern that notice handlers subscribe to. */
  readonly type: string;
  readonly data: Json;
  /** Version of the shape of `data`; 1 when absent. */
  readonly schema?: number;
}

export interface IdempotencyScope {
  readonly key: string;
  /** Hash of the input the key stands for: the same key with another hash is a conflict. */
  readonly inputHash: string;
  /** The operation the key was sent to, so that one key may be used on two routes. */
  readonly route?: string;
}

export interface WorkScope {
  readonly namespace: string;
  readonly actor: string;
  /** What made us do it: a notice id, a job key or a request id. */
  readonly cause?: string;
  /** With it, the answer of `work` must be JSON: a repetition gets the stored answer instead of a second effect. */
  readonly idempotency?: IdempotencyScope;
}

/** One transaction, one connection: nothing inside `run` may use `reader`. */
export interface UnitOfWork {
  /** Reads from the pool, outside any transaction. */
  reader(namespace: string): Db;
  /**
   * Runs `work` in one READ COMMITTED transaction. It may run again from the start when Postgres reports a deadlock or a
   * serialization failure, so `work` must do nothing but read and write through `tx`.
   */
  run<T>(scope: WorkScope, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Appends facts to the journal in the same transaction as the rows they explain. */
  append(tx: Tx, facts: readonly Fact[]): Promise<void>;
}

/** Ids only: state lives in Postgres, a job is a reminder to look there. `namespace` says whose. */
export type JobPayload = Readonly<Record<string, string>> & { readonly namespace: string };

export interface JobOptions {
  /**
   * Names the work. While a job with this key waits, a second one is the same one; while it runs, one more is kept to run
   * after it. Once finished the key is free again.
   */
  readonly key: string;
  /** Real time, not domain time: domain time belongs into a due date in Postgres. */
  readonly delayMs?: number;
}

export interface JobQueue {
  add(name: string, payload: JobPayload, options: JobOptions): Promise<void>;
}

/** Must be safe to run twice: a queue delivers at least once. A throw is tried again with back-off. */
export type JobHandler = (payload: JobPayload) => Promise<void>;
