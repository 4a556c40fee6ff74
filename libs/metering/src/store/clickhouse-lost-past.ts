import { type Instant, instantFromMs } from '@ledgerline/kernel';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { LostPast } from '../core/lost-past.js';

/** Markers in `events` tell since when events are complete; readings tell whether a meter knows more than that. */
export class ClickHouseLostPast implements LostPast {
  constructor(private readonly client: ClickHouseClient) {}

  async eventsCompleteSince(meter: { namespace: string; id: string }): Promise<Instant | undefined> {
    const result = await this.client.query({
      query: `WITH (SELECT max(time) FROM events WHERE namespace = '' AND type = '' AND status = 'marker') AS since
        SELECT toString(CAST(since, 'Int64')) AS since_seconds FROM readings
        WHERE namespace = {namespace:String} AND meter_id = {meter:String} AND kind = 'reading' AND time < since
          AND CAST(since, 'Int64') > 0
        LIMIT 1`,
      query_params: { namespace: meter.namespace, meter: meter.id },
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ since_seconds: string }>();
    return row === undefined ? undefined : instantFromMs(Number(row.since_seconds) * 1000);
  }
}
