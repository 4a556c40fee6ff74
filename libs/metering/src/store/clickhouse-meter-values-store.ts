import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { querySettings } from '../core/plan-meter-query.js';
import type { MeterValuesStore } from '../core/ports.js';
import type { Statement } from '../core/statement.js';

/** Lists of subjects and group values, and counts of events, in ClickHouse. */
export class ClickHouseMeterValuesStore implements MeterValuesStore {
  constructor(private readonly client: ClickHouseClient) {}

  async texts(statement: Statement): Promise<readonly string[]> {
    return (await this.rows<[string]>(statement)).map(([text]) => text);
  }

  counts(statement: Statement): Promise<readonly (readonly [string, string])[]> {
    return this.rows<[string, string]>(statement);
  }

  private async rows<T>({ sql, params }: Statement): Promise<T[]> {
    const result = await this.client.query({
      query: sql,
      query_params: { ...params },
      format: 'JSONCompactEachRow',
      clickhouse_settings: querySettings,
    });
    return result.json<T>();
  }
}
