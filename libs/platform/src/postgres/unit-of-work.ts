import {
  type Clock,
  type Db,
  type Fact,
  invariant,
  type Tx,
  type UnitOfWork,
  type WorkScope,
} from '@ledgerline/kernel';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { PostgresDb, PostgresTx } from './handles.js';
import { onceUnderKey } from './idempotency.js';
import { appendToJournal } from './journal.js';
import { sqlStateOf } from './postgres-errors.js';

// Five tries: a deadlock's loser wins the second round nearly always; more would hide a lock order that is wrong.
const attemptsMax = 5;
const retryReasons: Readonly<Record<string, string>> = {
  '40001': 'serialization failure',
  '40P01': 'deadlock',
};

export type RetryListener = (retry: { readonly reason: string; readonly attempt: number }) => void;

export class PostgresUnitOfWork implements UnitOfWork {
  private readonly running = new AsyncLocalStorage<true>();
  private readonly knownNamespaces = new Set<string>();

  constructor(
    private readonly source: DataSource,
    private readonly clock: Clock,
    private readonly onRetry: RetryListener = () => undefined,
  ) {}

  reader(namespace: string): Db {
    // Inside run() this would be a second connection: it would not see the transaction and can exhaust the pool.
    invariant(this.running.getStore() === undefined, 'reader() inside run(): pass the tx on instead');
    return new PostgresDb(namespace, this.source.manager);
  }

  async run<T>(scope: WorkScope, work: (tx: Tx) => Promise<T>): Promise<T> {
    invariant(this.running.getStore() === undefined, 'run() inside run(): pass the tx on instead');
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.running.run(true, () => this.attempt(scope, work));
      } catch (error) {
        const reason = retryReasons[sqlStateOf(error) ?? ''];
        if (reason === undefined || attempt === attemptsMax) throw error;
        this.onRetry({ reason, attempt });
        await pause(attempt * 10 * (1 + Math.random())); // jitter parts two that collided
      }
    }
  }

  async append(tx: Tx, facts: readonly Fact[]): Promise<void> {
    invariant(tx instanceof PostgresTx, 'append() needs the tx that run() gave');
    await appendToJournal(tx, facts);
  }

  private async attempt<T>(scope: WorkScope, work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      await runner.connect();
      await runner.startTransaction('READ COMMITTED');
      const tx = new PostgresTx(runner.manager, scope, this.clock.now().round('millisecond'));
      let answer: T;
      try {
        answer = await onceUnderKey(tx, () => work(tx));
        await this.noteNamespace(tx);
        tx.open = false;
        await runner.commitTransaction();
      } catch (error) {
        tx.open = false;
        await rollBack(runner, error);
        throw error;
      }
      this.knownNamespaces.add(scope.namespace);
      return answer;
    } finally {
      await runner.release();
    }
  }

  private async noteNamespace(tx: PostgresTx): Promise<void> {
    if (this.knownNamespaces.has(tx.namespace)) return;
    await tx.manager.query(`INSERT INTO active_namespaces (namespace) VALUES ($1) ON CONFLICT DO NOTHING`, [
      tx.namespace,
    ]);
  }
}

/** A connection that broke cannot be rolled back, and the server has done so by itself: the first error is the one to tell. */
async function rollBack(runner: ReturnType<DataSource['createQueryRunner']>, cause: unknown): Promise<void> {
  try {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
  } catch (rollbackError) {
    throw new AggregateError([cause, rollbackError], 'the transaction failed and could not be rolled back');
  }
}

/** Every namespace that has ever committed: whom a sweeper asks. */
export async function listActiveNamespaces(source: DataSource): Promise<string[]> {
  const rows: { namespace: string }[] = await source.query(
    `SELECT namespace FROM active_namespaces ORDER BY namespace`,
  );
  return rows.map((row) => row.namespace);
}
