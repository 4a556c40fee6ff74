import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import {
  censusOf,
  deleteFrom,
  dropPartOf,
  markSettings,
  monthsOf,
  type PartCensus,
  type RetainedTable,
  type RetentionCutoff,
} from '@ledgerline/sink';

/** `readings` in ClickHouse; their rollups are in the same parts and leave with them. */
export class RetainedReadings implements RetainedTable {
  private readonly leaves: string;

  constructor(
    private readonly client: ClickHouseClient,
    private readonly cutoff: RetentionCutoff,
    /** The month that markers are written into. */
    private readonly currentMonth: number,
  ) {
    // What is dated later stays, whenever it arrived: a question about kept time misses nothing.
    this.leaves = `(kind = 'marker' OR time < toDateTime64(${cutoff.seconds}, 0, 'UTC'))`;
  }

  months(month: number): Promise<readonly number[]> {
    return monthsOf(this.client, 'readings', month);
  }

  census(month: number): Promise<readonly PartCensus[]> {
    return censusOf(this.client, 'readings', month, this.leaves);
  }

  /** How far each stream is, for the main one and every back-fill: an empty range behind the last offset. */
  async keepMarks(month: number): Promise<void> {
    await this.client.command({
      query: `INSERT INTO readings (namespace, meter_id, meter_version, subject, dimensions, time, value, value_text,
          kafka_partition, kafka_offset, index_in_record, kind, range_from, range_to, generation, batch_month)
        SELECT '', meter_id, meter_version, '', CAST([], 'Array(String)'), toDateTime64(${this.cutoff.seconds}, 0, 'UTC'), NULL, NULL,
          kafka_partition, max(range_to), 0, 'marker', max(range_to) + 1, max(range_to), max(generation), ${this.currentMonth}
        FROM readings WHERE batch_month = ${month} AND kind = 'marker'
        GROUP BY meter_id, meter_version, kafka_partition`,
      clickhouse_settings: markSettings,
    });
  }

  dropPart(name: string): Promise<'dropped' | 'gone'> {
    return dropPartOf(this.client, 'readings', name);
  }

  deleteLeaving(month: number): Promise<void> {
    return deleteFrom(this.client, 'readings', month, this.leaves);
  }
}
