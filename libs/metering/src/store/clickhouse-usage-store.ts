import { invariant } from '@ledgerline/kernel';
import { type ClickHouseClient, snapshotSettings } from '@ledgerline/platform/clickhouse';
import type { UsageRow } from '../core/meter-query.js';
import { querySettings } from '../core/plan-meter-query.js';
import type { PeriodRow, UsageStore, WatchedQuery } from '../core/ports.js';
import type { Statement } from '../core/statement.js';
import { metersMoved } from '../core/usage-sql.js';

export interface UsageStoreOptions {
  /** Only a test switches it off, to see that it is needed. */
  readonly sharedSnapshot: boolean;
}

/** Questions about usage, in ClickHouse. */
export class ClickHouseUsageStore implements UsageStore {
  private zones: Promise<ReadonlySet<string>> | undefined;

  constructor(
    private readonly client: ClickHouseClient,
    private readonly options: UsageStoreOptions = { sharedSnapshot: true },
  ) {}

  /** Known for the life of the process: the database of time zones is compiled into the server. */
  async timeZones(): Promise<ReadonlySet<string>> {
    this.zones ??= this.readTimeZones();
    try {
      return await this.zones;
    } catch (error) {
      this.zones = undefined; // the next question asks again
      throw error;
    }
  }

  async meterRows(
    statement: Statement,
    groups: number,
    watched?: WatchedQuery,
  ): Promise<readonly UsageRow[] | 'meters-moved'> {
    const rows = await this.answered<(string | null)[]>(statement, watched);
    if (rows === 'meters-moved') return rows;
    return rows.map((row) => {
      const [start, end] = row;
      const [value, count] = row.slice(2 + groups);
      return {
        startSeconds: Number(start),
        endSeconds: Number(end),
        groups: row.slice(2, 2 + groups).map((group) => group ?? ''),
        value: value ?? null,
        count: count ?? '0',
      };
    });
  }

  async periodRows(statement: Statement): Promise<readonly PeriodRow[] | 'meters-moved'> {
    const rows = await this.answered<[string, number | string, string, string | null, string]>(statement);
    if (rows === 'meters-moved') return rows;
    return rows.map(([period, isWindow, start, value, count]) => ({
      period: Number(period) - 1,
      isWindow: Number(isWindow) === 1,
      startSeconds: Number(start),
      value,
      count,
    }));
  }

  private async answered<T>(
    statement: Statement,
    watched?: WatchedQuery,
  ): Promise<readonly T[] | 'meters-moved'> {
    try {
      const result = await this.client.query({
        query: statement.sql,
        query_params: { ...statement.params },
        format: 'JSONCompact',
        clickhouse_settings: {
          ...querySettings,
          ...tagSettings(watched),
          ...(this.options.sharedSnapshot
            ? snapshotSettings
            : { enable_shared_storage_snapshot_in_query: 0 as const }),
        },
      });
      const { data, statistics } = await result.json<T>();
      watched?.onRead(statistics?.rows_read ?? 0);
      return data;
    } catch (error) {
      if (error instanceof Error && error.message.includes(metersMoved)) return 'meters-moved';
      throw error;
    }
  }

  private async readTimeZones(): Promise<ReadonlySet<string>> {
    const result = await this.client.query({
      query: 'SELECT time_zone FROM system.time_zones',
      format: 'JSONCompactEachRow',
    });
    const rows = await result.json<[string]>();
    invariant(rows.length > 0, 'the server knows no time zones');
    return new Set(rows.map(([name]) => name).filter(isKnownHere));
  }
}

const tagSettings = (watched: WatchedQuery | undefined): { readonly log_comment?: string } =>
  watched === undefined ? {} : { log_comment: watched.tag };

/** Ends of days are computed here, so a zone must be known on both sides. */
function isKnownHere(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
