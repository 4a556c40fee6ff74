import { type ClickHouseClient, snapshotSettings } from '@ledgerline/platform/clickhouse';
import type { ArrivalBounds, CompletenessStore, StageMarks, StoredTally } from '../core/event-ports.js';
import { planBuilding, planTally } from '../core/plan-completeness.js';
import type { Statement } from '../core/statement.js';

type TallyRow = [
  kind: 'stored' | 'readings' | 'unreadable' | 'counted',
  partition: number,
  number: string,
  status: 'ok' | 'duplicate' | 'invalid',
];

/** How far events and readings reach, in ClickHouse. */
export class ClickHouseCompletenessStore implements CompletenessStore {
  constructor(private readonly client: ClickHouseClient) {}

  async tally(namespace: string, bounds: ArrivalBounds): Promise<StoredTally> {
    const rows = await this.rows<TallyRow>(planTally(namespace, bounds));
    const stored = new Map<number, number>();
    const readings = new Map<number, number>();
    const unreadable = new Map<number, number>();
    const counts = new Map<number, { ok: number; duplicate: number; invalid: number }>();
    for (const [kind, partition, number, status] of rows) {
      if (kind === 'stored') stored.set(partition, Number(number));
      else if (kind === 'readings') readings.set(partition, Number(number));
      else if (kind === 'unreadable') unreadable.set(partition, Number(number));
      else {
        const known = counts.get(partition) ?? { ok: 0, duplicate: 0, invalid: 0 };
        counts.set(partition, { ...known, [status]: Number(number) });
      }
    }
    const marks = [...stored].map(([partition, next]) => ({
      partition,
      stored: next,
      readings: readings.get(partition) ?? 0,
    }));
    return { marks, counts, unreadable };
  }

  async buildingMs(marks: readonly StageMarks[]): Promise<ReadonlyMap<number, number>> {
    if (marks.length === 0) return new Map();
    const rows = await this.rows<[number, string]>(planBuilding(marks));
    return new Map(rows.map(([partition, waitingMs]) => [partition, Math.max(0, Number(waitingMs))]));
  }

  private async rows<T>(statement: Statement): Promise<readonly T[]> {
    const result = await this.client.query({
      query: statement.sql,
      query_params: { ...statement.params },
      format: 'JSONCompactEachRow',
      clickhouse_settings: { ...snapshotSettings, output_format_json_quote_64bit_integers: 1 },
    });
    return result.json<T>();
  }
}
