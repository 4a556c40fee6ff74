import type { WatchedGauges } from '../telemetry/watched-gauges.js';
import type { ClickHouseClient } from './open-clickhouse.js';

interface TableRow {
  readonly table: string;
  readonly projection: string;
  readonly bytes: string;
  readonly rows: string;
  readonly parts: string;
}

/** What each table and each projection takes on ClickHouse's disks. Names are of our migrations, never of a caller. */
export function watchTables(gauges: WatchedGauges, client: ClickHouseClient): void {
  gauges.watch(
    'clickhouse tables',
    [
      {
        name: 'ledgerline_clickhouse_table_bytes',
        help: 'Compressed bytes of a table on disk, its projections included.',
        labelNames: ['table'],
      },
      { name: 'ledgerline_clickhouse_table_rows', help: 'Rows of a table.', labelNames: ['table'] },
      {
        name: 'ledgerline_clickhouse_table_parts',
        help: 'Parts of a table; thousands mean that merges do not keep up.',
        labelNames: ['table'],
      },
      {
        name: 'ledgerline_clickhouse_projection_bytes',
        help: 'Compressed bytes of one projection of a table.',
        labelNames: ['table', 'projection'],
      },
    ],
    async () => {
      const result = await client.query({
        query: `SELECT table, '' AS projection, toString(sum(bytes_on_disk)) AS bytes, toString(sum(rows)) AS rows,
            toString(count()) AS parts
          FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table
          UNION ALL
          SELECT table, name, toString(sum(bytes_on_disk)), '0', '0'
          FROM system.projection_parts WHERE active AND database = currentDatabase() GROUP BY table, name`,
        format: 'JSONEachRow',
      });
      const all = await result.json<TableRow>();
      const tables = all.filter(({ projection }) => projection === '');
      const of = (field: 'bytes' | 'rows' | 'parts') =>
        tables.map((row) => [{ table: row.table }, Number(row[field])] as const);
      const projections = all
        .filter(({ projection }) => projection !== '')
        .map(({ table, projection, bytes }) => [{ table, projection }, Number(bytes)] as const);
      return [of('bytes'), of('rows'), of('parts'), projections];
    },
  );
}
