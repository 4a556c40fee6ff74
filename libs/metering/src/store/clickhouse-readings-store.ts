import { invariant } from '@ledgerline/kernel';
import { type ClickHouseClient, snapshotSettings } from '@ledgerline/platform/clickhouse';
import type { Extraction } from '../core/meter.js';
import {
  type Chunk,
  chunkSettings,
  generationMoved,
  markMoved,
  planChunk,
  rangesSql,
  type ReadingRange,
} from '../core/plan-chunk.js';
import type { EventFilter, EventRun, ReadingsMark, ReadingsStore } from '../core/ports.js';
import { Binder, type Statement } from '../core/statement.js';

// Twice what a full chunk took on two busy cores; whoever takes the building over waits longer than this.
const appendSecondsMax = 60;

// Beyond it a chunk's statement is not made shorter by knowing them.
const typesMax = 1_000;

/** `readings` in ClickHouse. */
export class ClickHouseReadingsStore implements ReadingsStore {
  constructor(private readonly client: ClickHouseClient) {}

  async marks(stream: Pick<Extraction, 'meterId' | 'version'> | 'main'): Promise<readonly ReadingsMark[]> {
    const binder = new Binder();
    const meterId = binder.bind('String', stream === 'main' ? '' : stream.meterId);
    const version = binder.bind('UInt32', stream === 'main' ? 0 : stream.version);
    const rows = await this.rows<[number, string, string]>(
      binder.statement(`SELECT kafka_partition, max(range_to), max(generation) FROM readings
        WHERE meter_id = ${meterId} AND meter_version = ${version} GROUP BY kafka_partition`),
    );
    return rows.map(([partition, offset, generation]) => ({
      partition,
      offset: Number(offset),
      generation: BigInt(generation),
    }));
  }

  async eventMarks(): Promise<readonly { readonly partition: number; readonly offset: number }[]> {
    const rows = await this.rows<[number, string]>(
      new Binder().statement(
        'SELECT kafka_partition, max(kafka_offset) FROM events GROUP BY kafka_partition',
      ),
    );
    return rows.map(([partition, offset]) => ({ partition, offset: Number(offset) }));
  }

  async eventRuns(ranges: readonly ReadingRange[], filter: EventFilter): Promise<readonly EventRun[]> {
    const filled = ranges.filter(({ from, to }) => to >= from);
    if (filled.length === 0) return [];
    const binder = new Binder();
    const rows = await this.rows<[number, number, string, string, string, [string, string][]]>(
      binder.statement(`SELECT kafka_partition, batch_month, min(kafka_offset), max(kafka_offset), count(),
          groupUniqArrayIf(${typesMax + 1})((namespace, type), status = 'ok')
        FROM events
        WHERE (${rangesSql(filled, binder)})${filterSql(filter, binder)}
        GROUP BY kafka_partition, batch_month`),
    );
    return rows.map(([partition, batchMonth, first, last, events, types]) => ({
      partition,
      batchMonth,
      first: Number(first),
      last: Number(last),
      events: Number(events),
      types: types.length > typesMax ? undefined : types,
    }));
  }

  async cutRange(range: ReadingRange, filter: EventFilter, maxEvents: number): Promise<number> {
    const binder = new Binder();
    const [row] = await this.rows<[string, string, string]>(
      binder.statement(`SELECT min(kafka_offset), max(kafka_offset), count() FROM (
          SELECT kafka_offset FROM events
          WHERE (${rangesSql([range], binder)})${filterSql(filter, binder)}
          ORDER BY kafka_offset LIMIT ${maxEvents + 1}
        )`),
    );
    invariant(row !== undefined, 'an aggregate answers one row');
    const [first, last, events] = row.map(Number) as [number, number, number];
    if (events <= maxEvents) return range.to;
    // The last record may be cut in two by the limit: it belongs to the next chunk, unless it is the only one.
    return last > first ? last - 1 : last;
  }

  async append(chunk: Chunk): Promise<'stored' | 'refused'> {
    const statement = planChunk(chunk);
    try {
      await this.client.command({
        query: statement.sql,
        query_params: { ...statement.params },
        clickhouse_settings: { ...chunkSettings, max_execution_time: appendSecondsMax },
      });
      return 'stored';
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason.includes(markMoved) || reason.includes(generationMoved)) return 'refused';
      throw error;
    }
  }

  async appending(): Promise<boolean> {
    const rows = await this.rows<[number]>(
      new Binder().statement(
        `SELECT 1 FROM system.processes WHERE startsWith(query, 'INSERT INTO readings') LIMIT 1`,
      ),
    );
    return rows.length > 0;
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

const filterSql = (filter: EventFilter, binder: Binder): string =>
  filter === undefined
    ? ''
    : ` AND namespace = ${binder.bind('String', filter.namespace)} AND type = ${binder.bind('String', filter.eventType)}`;
