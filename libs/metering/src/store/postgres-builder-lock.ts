import type { DataSource } from 'typeorm';
import type { BuilderLock } from '../core/ports.js';

// Class of a two-part advisory lock; the platform's own begin at 7001.
export const readingsLock = 7101;

/**
 * One builder of readings over all processes: a session lock on a connection of its own, so that it ends with the process.
 * The database remembers who built last, because a process that died may have left an insert running.
 */
export class PostgresBuilderLock implements BuilderLock {
  constructor(
    private readonly source: DataSource,
    /** Names this process, differently after every start. */
    private readonly builder: string,
  ) {}

  async tryRun<T>(work: (takenOver: boolean) => Promise<T>): Promise<T | undefined> {
    const runner = this.source.createQueryRunner();
    await runner.connect();
    try {
      const [lock] = (await runner.query('SELECT pg_try_advisory_lock($1, 0) AS held', [readingsLock])) as {
        held: boolean;
      }[];
      if (lock?.held !== true) return undefined;
      try {
        const [last] = (await runner.query('SELECT builder FROM readings_builders')) as { builder: string }[];
        const takenOver = last?.builder !== this.builder;
        if (takenOver) {
          await runner.query(
            `INSERT INTO readings_builders (builder) VALUES ($1)
             ON CONFLICT (only_row) DO UPDATE SET builder = EXCLUDED.builder`,
            [this.builder],
          );
        }
        return await work(takenOver);
      } finally {
        await runner.query('SELECT pg_advisory_unlock($1, 0)', [readingsLock]);
      }
    } finally {
      await runner.release();
    }
  }
}
