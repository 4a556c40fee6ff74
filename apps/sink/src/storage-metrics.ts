import { type ClickHouseClient, watchTables } from '@ledgerline/platform/clickhouse';
import { type Registry, watchDisk, WatchedGauges } from '@ledgerline/platform/telemetry';

/** What usage takes on disk, and how far readings are behind the events. */
export function watchStorage(registry: Registry, clickhouse: ClickHouseClient, dataDir: string): void {
  const gauges = new WatchedGauges(registry);
  watchDisk(gauges, dataDir);
  watchTables(gauges, clickhouse);
  gauges.watch(
    'readings',
    [
      {
        name: 'ledgerline_readings_lag_records',
        help: 'Stored records that no readings are built of yet; queries read their events instead.',
        labelNames: ['partition'],
      },
    ],
    async () => {
      const result = await clickhouse.query({
        query: `SELECT toString(kafka_partition) AS partition, toString(stored - if(built IS NULL, -1, built)) AS behind
          FROM (SELECT kafka_partition, max(kafka_offset) AS stored FROM events GROUP BY kafka_partition) AS e
          LEFT JOIN (
            SELECT kafka_partition, toNullable(max(range_to)) AS built FROM readings
            WHERE meter_id = '' AND meter_version = 0 GROUP BY kafka_partition
          ) AS r USING (kafka_partition)`,
        format: 'JSONEachRow',
      });
      const rows = await result.json<{ partition: string; behind: string }>();
      return [rows.map(({ partition, behind }) => [{ partition }, Math.max(0, Number(behind))] as const)];
    },
  );
}
