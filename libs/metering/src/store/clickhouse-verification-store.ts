import { invariant } from '@ledgerline/kernel';
import { type ClickHouseClient, snapshotSettings } from '@ledgerline/platform/clickhouse';
import {
  planDayVerification,
  planRowVerification,
  type Verification,
  type VerificationScope,
} from '../core/plan-verification.js';
import { querySettings } from '../core/plan-meter-query.js';
import type { VerificationStore } from '../core/ports.js';
import type { Statement } from '../core/statement.js';

// A hundred million readings took five minutes; whoever verifies waits.
const verifySecondsMax = 3_600;

/** Verification in ClickHouse; both sides of a comparison are of one snapshot, so it can run while events arrive. */
export class ClickHouseVerificationStore implements VerificationStore {
  constructor(private readonly client: ClickHouseClient) {}

  async compareDays(
    what: Verification,
    scope: VerificationScope,
  ): Promise<{ readonly firstDay: number | undefined; readonly days: number; readonly rows: number }> {
    const [row] = await this.rows<[string, string, string]>(what, planDayVerification(what, scope));
    invariant(row !== undefined, 'an aggregate answers one row');
    const [firstDay, days, rows] = row.map(Number) as [number, number, number];
    return { firstDay: days === 0 ? undefined : firstDay, days, rows };
  }

  compareRows(what: Verification, scope: VerificationScope): Promise<readonly (readonly string[])[]> {
    return this.rows<string[]>(what, planRowVerification(what, scope));
  }

  private async rows<T>(what: Verification, statement: Statement): Promise<readonly T[]> {
    const result = await this.client.query({
      query: statement.sql,
      query_params: { ...statement.params },
      format: 'JSONCompactEachRow',
      clickhouse_settings: {
        ...querySettings,
        ...snapshotSettings,
        max_execution_time: verifySecondsMax,
        // Otherwise readings would be compared with themselves.
        ...(what === 'readings' ? {} : { force_optimize_projection_name: what }),
      },
    });
    return result.json<T>();
  }
}
