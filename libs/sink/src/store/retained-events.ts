import type { ClickHouseClient } from '@clickhouse/client';
import type { EventsTerms, PartCensus, RetainedTable } from '../core/retention.js';

// Only numbers of ours and names of parts stand in these statements.
const list = (numbers: Iterable<number>): string => [...numbers].join(',');
const partPattern = /^[0-9A-Za-z_]{1,128}$/;

/** `events` in ClickHouse. */
export class RetainedEvents implements RetainedTable {
  private readonly leaves: string;

  constructor(
    private readonly client: ClickHouseClient,
    private readonly terms: EventsTerms,
  ) {
    const { cutoff, builtTo, neededSinceMs } = terms;
    const built =
      builtTo.size === 0
        ? 'toInt64(-1)'
        : `transform(kafka_partition, CAST([${list(builtTo.keys())}], 'Array(UInt16)'), ` +
          `CAST([${list(builtTo.values())}], 'Array(Int64)'), toInt64(-1))`;
    this.leaves =
      `(time < toDateTime64(${cutoff.seconds}, 0, 'UTC') AND kafka_offset <= ${built} ` +
      `AND ingested_at < fromUnixTimestamp64Milli(toInt64(${Math.floor(neededSinceMs)})))`;
  }

  async months(month: number): Promise<readonly number[]> {
    return monthsOf(this.client, 'events', month);
  }

  async census(month: number): Promise<readonly PartCensus[]> {
    return censusOf(this.client, 'events', month, this.leaves);
  }

  async keepMarks(month: number): Promise<void> {
    // One block, one part: either all marks are there or none. `time` says from when on events are complete.
    await this.client.command({
      query: `INSERT INTO events (namespace, id, source, type, subject, time, data, data_sent, has_data, ingested_at, stored_at,
          status, reason, kafka_partition, kafka_offset, index_in_record, fingerprint, batch_month)
        SELECT '', '', '', '', '', toDateTime64(${this.terms.cutoff.seconds}, 0, 'UTC'), '', '', 0, max(ingested_at), now64(3),
          'marker', '', kafka_partition, max(kafka_offset), 0, argMax(fingerprint, kafka_offset), ${this.terms.currentMonth}
        FROM events WHERE batch_month = ${month} AND ${this.leaves} GROUP BY kafka_partition`,
      clickhouse_settings: markSettings,
    });
  }

  async dropPart(name: string): Promise<'dropped' | 'gone'> {
    return dropPartOf(this.client, 'events', name);
  }

  async deleteLeaving(month: number): Promise<void> {
    await deleteFrom(this.client, 'events', month, this.leaves);
  }
}

export const markSettings = { async_insert: 0, max_insert_threads: '1', max_threads: 1 } as const;

export async function monthsOf(client: ClickHouseClient, table: string, month: number): Promise<number[]> {
  const result = await client.query({
    query: `SELECT DISTINCT toUInt32(partition) AS month FROM system.parts
      WHERE active AND rows > 0 AND database = currentDatabase() AND table = '${table}'
        AND toUInt32(partition) < ${month} ORDER BY month`,
    format: 'JSONEachRow',
  });
  return (await result.json<{ month: number }>()).map((row) => row.month);
}

export async function censusOf(
  client: ClickHouseClient,
  table: string,
  month: number,
  leaves: string,
): Promise<PartCensus[]> {
  const result = await client.query({
    query: `SELECT _part AS name, toString(count()) AS rows, toString(countIf(${leaves})) AS leaving
      FROM ${table} WHERE batch_month = ${month} GROUP BY _part ORDER BY _part`,
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ name: string; rows: string; leaving: string }>();
  return rows.map((row) => ({ name: row.name, rows: Number(row.rows), leaving: Number(row.leaving) }));
}

/** A part never changes under its name, so what the census said of it still holds. */
export async function dropPartOf(
  client: ClickHouseClient,
  table: string,
  name: string,
): Promise<'dropped' | 'gone'> {
  if (!partPattern.test(name)) throw new Error(`${name} is no name of a part`);
  try {
    await client.command({ query: `ALTER TABLE ${table} DROP PART '${name}'` });
    return 'dropped';
  } catch (error) {
    if (error instanceof Error && error.message.includes('NO_SUCH_DATA_PART')) return 'gone';
    throw error;
  }
}

export async function deleteFrom(
  client: ClickHouseClient,
  table: string,
  month: number,
  leaves: string,
): Promise<void> {
  await client.command({
    query: `ALTER TABLE ${table} DELETE IN PARTITION ID '${month}' WHERE ${leaves}`,
    clickhouse_settings: { mutations_sync: '1' },
  });
}
