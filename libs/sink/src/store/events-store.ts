import type { ClickHouseClient } from '@clickhouse/client';
import { Readable } from 'node:stream';
import { buffer as collect } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { weekMs } from '../core/batch.js';
import type {
  EventsInsert,
  EventsStore,
  FingerprintCount,
  FingerprintScope,
  InsertOutcome,
  Mark,
  StoredIdentity,
} from '../core/ports.js';
import {
  anyMarkSql,
  claimSql,
  fingerprintCountsSql,
  fingerprintsSql,
  identitiesSql,
  insertSettings,
  insertSql,
  marksSql,
  refusedClaim,
  refusedMark,
  runningInsertsSql,
} from './sql.js';

const claimWaitMs = 90_000; // longer than the longest insert: the server ends it after insertSecondsMax
const claimPollMs = 20;
const insertSecondsMax = 60;
// Twelve bytes each: an answer of 48 MB is held in memory at most.
const fingerprintsPerSlice = 4_000_000;
// 20 bytes each stay well below the longest statement a server takes (256 KiB).
const fingerprintsPerQuestion = 8_000;

/** `events` and `sink_claims` in ClickHouse. */
export class SinkEventsStore implements EventsStore {
  constructor(private readonly client: ClickHouseClient) {}

  async claim(partitions: readonly number[], claim: string): Promise<void> {
    await this.client.command({ query: claimSql(partitions, claim) });
    // Inserts that begin from here on see the new claim. Those that began before may still write.
    const older = new Set(await this.runningInserts());
    const untilMs = performance.now() + claimWaitMs;
    while (older.size > 0) {
      if (performance.now() > untilMs) throw new Error('an older insert into events does not end');
      await delay(claimPollMs);
      const running = new Set(await this.runningInserts());
      for (const id of older) if (!running.has(id)) older.delete(id);
    }
  }

  async marks(partitions: readonly number[]): Promise<ReadonlyMap<number, Mark>> {
    const rows = await this.rows<{
      kafka_partition: number;
      next_offset: string;
      fingerprint: string;
      latest_ms: string;
    }>(marksSql(partitions));
    return new Map(
      rows.map((row) => [
        row.kafka_partition,
        {
          nextOffset: Number(row.next_offset),
          fingerprint: BigInt(row.fingerprint),
          latestIngestedAtMs: Number(row.latest_ms),
        },
      ]),
    );
  }

  async anyMark(): Promise<{ partition: number; nextOffset: number } | undefined> {
    const [row] = await this.rows<{ kafka_partition: number; next_offset: string }>(anyMarkSql);
    return row && { partition: row.kafka_partition, nextOffset: Number(row.next_offset) };
  }

  async insert(insert: EventsInsert): Promise<InsertOutcome> {
    try {
      const { stream } = await this.client.exec({
        query: insertSql(insert),
        values: Readable.from([insert.rows], { objectMode: false }),
        clickhouse_settings: { ...insertSettings, max_execution_time: insertSecondsMax },
      });
      await collect(stream);
      return { kind: 'stored' };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason.includes(refusedClaim))
        return { kind: 'claim-lost', reason: 'another sink holds the claim' };
      if (reason.includes(refusedMark))
        return { kind: 'mark-moved', reason: 'the mark is not the expected one' };
      return { kind: 'unknown', reason };
    }
  }

  async identities(
    partitions: readonly number[],
    fingerprints: readonly bigint[],
    sinceMs: number,
  ): Promise<readonly StoredIdentity[]> {
    const found: StoredIdentity[] = [];
    for (let at = 0; at < fingerprints.length; at += fingerprintsPerQuestion) {
      const some = fingerprints.slice(at, at + fingerprintsPerQuestion);
      const rows = await this.rows<{ namespace: string; source: string; id: string; ingested_ms: string }>(
        identitiesSql(partitions, some, sinceMs),
      );
      for (const { namespace, source, id, ingested_ms } of rows) {
        found.push({ namespace, source, id, ingestedAtMs: Number(ingested_ms) });
      }
    }
    return found;
  }

  async countFingerprints(scope: FingerprintScope): Promise<readonly FingerprintCount[]> {
    const rows = await this.rows<{ week: number; keys: string }>(fingerprintCountsSql(scope, weekMs));
    return rows.map(({ week, keys }) => ({ week, keys: Number(keys) }));
  }

  async readFingerprints(
    scope: FingerprintScope,
    each: (week: number, high: number, low: number) => void,
  ): Promise<void> {
    const keys = (await this.countFingerprints(scope)).reduce((sum, count) => sum + count.keys, 0);
    const of = Math.ceil(keys / fingerprintsPerSlice);
    for (let index = 0; index < of; index += 1) {
      const { stream } = await this.client.exec({ query: fingerprintsSql(scope, weekMs, { index, of }) });
      const bytes = await collect(stream);
      for (let at = 0; at + 12 <= bytes.length; at += 12) {
        each(bytes.readInt32LE(at), bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 4));
      }
    }
  }

  private async runningInserts(): Promise<string[]> {
    const rows = await this.rows<{ query_id: string }>(runningInsertsSql);
    return rows.map(({ query_id }) => query_id);
  }

  private async rows<T>(query: string): Promise<T[]> {
    const result = await this.client.query({ query, format: 'JSONEachRow' });
    return result.json<T>();
  }
}
