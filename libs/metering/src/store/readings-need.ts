import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { EventsNeed } from '@ledgerline/sink';
import type { DataSource } from 'typeorm';
import { ClickHouseReadingsStore } from './clickhouse-readings-store.js';
import { readingsLock } from './postgres-builder-lock.js';

/** What building readings still needs of the events, and the time when nothing is built. */
export class ReadingsNeed {
  constructor(
    private readonly postgres: DataSource,
    private readonly clickhouse: ClickHouseClient,
  ) {}

  /**
   * Runs `work` while no builder works; undefined when one does. Not the builder's own way to the lock: that one remembers who
   * built last, and this is no building.
   */
  async whileNobodyBuilds<T>(work: () => Promise<T>): Promise<T | undefined> {
    const runner = this.postgres.createQueryRunner();
    await runner.connect();
    try {
      const [lock] = (await runner.query('SELECT pg_try_advisory_lock($1, 0) AS held', [readingsLock])) as {
        held: boolean;
      }[];
      if (lock?.held !== true) return undefined;
      try {
        return await work();
      } finally {
        await runner.query('SELECT pg_advisory_unlock($1, 0)', [readingsLock]);
      }
    } finally {
      await runner.release();
    }
  }

  /** When the latest stored event arrived; for instances whose time is not the machine's. */
  async latestArrivalMs(): Promise<number> {
    const result = await this.clickhouse.query({
      query: 'SELECT toUnixTimestamp64Milli(max(ingested_at)) AS latest_ms FROM events',
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ latest_ms: string | number }>();
    return Number(row?.latest_ms ?? 0);
  }

  async ofEvents(): Promise<EventsNeed> {
    const [row]: { filling: string }[] = await this.postgres.query(
      `SELECT count(*) AS filling FROM meter_versions WHERE completed_at IS NULL AND until_generation IS NULL`,
    );
    const filling = Number(row?.filling ?? 0);
    const marks = await new ClickHouseReadingsStore(this.clickhouse).marks('main');
    return {
      builtTo: new Map(marks.map(({ partition, offset }) => [partition, offset])),
      ...(filling > 0 && { postponed: `${filling} versions of meters are being filled from the events` }),
    };
  }
}
