import { usageFingerprint } from '@ledgerline/contract/messages';
import { refusal, Refused } from '@ledgerline/kernel';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { BuiltReading, EventStore, MeterSight, SentEvent, StoredSending } from '../core/event-ports.js';
import type { EventListQuery, EventPlace, ListedEvent } from '../core/event-query.js';
import type { Meter } from '../core/meter.js';
import { planEventList } from '../core/plan-event-list.js';
import { planReadings, planSendings, planSights } from '../core/plan-event-status.js';
import { querySettings } from '../core/plan-meter-query.js';
import type { WatchedQuery } from '../core/ports.js';
import type { Statement } from '../core/statement.js';

interface EventRow {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time_seconds: string;
  readonly has_data: number;
  readonly data_shown: string;
  readonly ingested_ms: string;
  readonly stored_ms: string;
  readonly kafka_partition: number;
  readonly kafka_offset: string;
  readonly index_in_record: number;
  readonly problems: readonly (readonly [number, number, string])[];
}

// A list of 10 million events was seen to take half a second at worst; a person does not wait longer than this.
const executionSecondsMax = 30;

const eventSettings = {
  ...querySettings,
  max_execution_time: executionSecondsMax,
  // A page of a hundred events with 64 KiB of data each, read in blocks, with room to sort.
  max_memory_usage: '1073741824',
  // Each meter of a namespace adds to the statement; the defaults admit about fifty.
  max_query_size: '16777216',
  max_ast_elements: '2000000',
  max_expanded_ast_elements: '2000000',
} as const;

/** Single events and lists of them, in ClickHouse. */
export class ClickHouseEventStore implements EventStore {
  constructor(private readonly client: ClickHouseClient) {}

  async list(
    query: EventListQuery,
    meters: readonly Meter[],
    watched?: WatchedQuery,
  ): Promise<readonly ListedEvent[]> {
    const rows = await this.rows<EventRow>(planEventList(query, meters), watched);
    return rows.map((row) => ({
      id: row.id,
      source: row.source,
      type: row.type,
      subject: row.subject,
      timeSeconds: Number(row.time_seconds),
      data: row.has_data === 0 ? undefined : row.data_shown,
      ingestedAtMs: Number(row.ingested_ms),
      storedAtMs: Number(row.stored_ms),
      place: placeOf(row),
      problems: row.problems.map(([meter, code, text]) => ({ meter, code, text })),
    }));
  }

  async sendings(event: SentEvent, max: number): Promise<readonly StoredSending[]> {
    const rows = await this.rows<Omit<EventRow, 'status'> & Pick<StoredSending, 'status' | 'reason'>>(
      planSendings(event, fingerprintOf(event), max),
    );
    return rows.map((row) => ({
      status: row.status,
      reason: row.reason,
      type: row.type,
      subject: row.subject,
      timeSeconds: Number(row.time_seconds),
      ingestedAtMs: Number(row.ingested_ms),
      storedAtMs: Number(row.stored_ms),
      place: placeOf(row),
    }));
  }

  async sights(
    event: SentEvent,
    place: EventPlace,
    meters: readonly Meter[],
  ): Promise<readonly MeterSight[]> {
    if (meters.length === 0) return [];
    return this.rows<MeterSight>(planSights(event, fingerprintOf(event), place, meters));
  }

  async readings(
    namespace: string,
    sending: Pick<StoredSending, 'subject' | 'timeSeconds' | 'place'>,
    meterIds: readonly string[],
  ): Promise<readonly BuiltReading[]> {
    if (meterIds.length === 0) return [];
    const rows = await this.rows<{ meter_id: string; version: number }>(
      planReadings(namespace, sending, meterIds),
    );
    return rows.map(({ meter_id: meterId, version }) => ({ meterId, version }));
  }

  private async rows<T>(statement: Statement, watched?: WatchedQuery): Promise<readonly T[]> {
    try {
      const result = await this.client.query({
        query: statement.sql,
        query_params: { ...statement.params },
        format: 'JSON',
        clickhouse_settings: {
          ...eventSettings,
          ...(watched === undefined ? {} : { log_comment: watched.tag }),
        },
      });
      const { data, statistics } = await result.json<T>();
      watched?.onRead(statistics?.rows_read ?? 0);
      return data;
    } catch (error) {
      throw tooMuch(error) ?? error;
    }
  }
}

/** What the store gave up on, for its own good and that of others. */
function tooMuch(error: unknown): Refused | undefined {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  if (type !== 'TIMEOUT_EXCEEDED' && type !== 'MEMORY_LIMIT_EXCEEDED') return undefined;
  return new Refused(
    refusal.unavailable(
      'the list of events takes too long: ask for a shorter time or for a type and subject',
    ),
  );
}

const fingerprintOf = ({ namespace, source, id }: SentEvent): bigint =>
  usageFingerprint(namespace, source, id);

const placeOf = (
  row: Pick<EventRow, 'kafka_partition' | 'kafka_offset' | 'index_in_record'>,
): EventPlace => ({
  partition: row.kafka_partition,
  offset: Number(row.kafka_offset),
  index: row.index_in_record,
});
