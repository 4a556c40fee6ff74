import { SinkEventsStore } from '@ledgerline/sink';
import { type EventsInsert, type EventsStore, type InsertOutcome, rowStructure } from '@ledgerline/sink/core';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises'; // tidy: the pause of a retry that is the subject here

/**
 * Two recipes that are often called exactly-once, kept to prove that the crash tests can fail:
 * `retry` sends an insert again until it is acknowledged, `token` does so with a deduplication token.
 */
export type NaiveMode = 'retry' | 'token';

const columns = rowStructure.map((column) => column.slice(0, column.indexOf(' '))).join(', ');
const pauseMs = 50;
const triesMax = 600; // half a minute: longer than a gateway takes to come back

export class NaiveStore extends SinkEventsStore implements EventsStore {
  constructor(
    private readonly naive: ClickHouseClient,
    private readonly mode: NaiveMode,
  ) {
    super(naive);
  }

  /** What the naive table has beyond the real one. */
  static async prepare(client: ClickHouseClient, mode: NaiveMode): Promise<void> {
    const window = mode === 'token' ? 200 : 0;
    for (const query of [
      'ALTER TABLE events MODIFY COLUMN stored_at DEFAULT now64(3)',
      'ALTER TABLE events MODIFY COLUMN batch_month DEFAULT 202611',
      `ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = ${window}`,
    ]) {
      await client.command({ query });
    }
  }

  override claim(): Promise<void> {
    return Promise.resolve();
  }

  override async insert(insert: EventsInsert): Promise<InsertOutcome> {
    const token = [...insert.ranges]
      .map(([partition, { from, to }]) => `${partition}:${from}-${to}`)
      .join(',');
    for (let tries = 0; tries < triesMax; tries += 1) {
      try {
        const { stream } = await this.naive.exec({
          query: `INSERT INTO events (${columns}) FORMAT RowBinary`,
          values: Readable.from([insert.rows], { objectMode: false }),
          clickhouse_settings: {
            async_insert: 0,
            ...(this.mode === 'token'
              ? { insert_deduplicate: 1, insert_deduplication_token: token }
              : { insert_deduplicate: 0 }),
          },
        });
        await text(stream);
        return { kind: 'stored' };
      } catch {
        // The recipe: no answer, so once more.
        await delay(pauseMs);
      }
    }
    return { kind: 'unknown', reason: 'the gateway did not come back' };
  }
}
