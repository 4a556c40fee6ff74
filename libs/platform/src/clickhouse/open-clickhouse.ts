import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';

export type { ClickHouseClient };

export interface ClickHouseOptions {
  readonly url: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Shown in the server's query log. */
  readonly service: string;
}

/** The setting without which rollups and tail of one query may come from two moments: 84 of 722 reads disagreed. */
const snapshotSetting = 'enable_shared_storage_snapshot_in_query';

/** For every query that reads marks and data together. */
export const snapshotSettings = { [snapshotSetting]: 1 } as const;

export const openClickHouse = (options: ClickHouseOptions): ClickHouseClient =>
  createClient({
    url: options.url,
    database: options.database,
    username: options.user,
    password: options.password,
    application: `ledgerline-${options.service}`,
    // Every error reaches its caller, for some of whom a refusal is the expected answer.
    log: { level: ClickHouseLogLevel.OFF },
    request_timeout: 60_000, // the longest legitimate query is a year of raw events of one meter
    max_open_connections: 16, // more queries at once make each slower: a core runs one
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 }, // below the server's own 3 s, so that we close first
  });

/** Why this server cannot be used; undefined when it can. For the start and for readiness. */
export async function findClickHouseTrouble(client: ClickHouseClient): Promise<string | undefined> {
  const result = await client.query({
    query:
      'SELECT version() AS version, (SELECT count() FROM system.settings WHERE name = {name:String}) AS known',
    query_params: { name: snapshotSetting },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ version: string; known: string | number }>();
  if (row !== undefined && Number(row.known) === 1) return undefined;
  return (
    `ClickHouse ${row?.version ?? ''} has no setting ${snapshotSetting}: without it a query can miss or count events ` +
    'twice. Use a newer server'
  );
}
