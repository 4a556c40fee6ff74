import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { Progress } from '../core/progress.js';
import type { QueryWatch } from '../core/ports.js';

/** Looks at running queries through the server's own list of them. */
export class ClickHouseQueryWatch implements QueryWatch {
  constructor(private readonly client: ClickHouseClient) {}

  async progressOf(tag: string): Promise<Pick<Progress, 'success' | 'total'> | undefined> {
    const result = await this.client.query({
      // The gateway puts a mark of its own before the tag.
      query: `SELECT sum(read_rows) AS success, sum(total_rows_approx) AS total
        FROM system.processes
        WHERE endsWith(Settings['log_comment'], {tag:String})
        HAVING count() > 0`,
      query_params: { tag },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    const [row] = await result.json<{ success: string; total: string }>();
    return row === undefined ? undefined : { success: Number(row.success), total: Number(row.total) };
  }
}
