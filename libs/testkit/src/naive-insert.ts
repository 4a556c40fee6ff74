import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ClickHouseClient } from '@clickhouse/client';
import { setTimeout as delay } from 'node:timers/promises'; // tidy: the pause of a retry that is the subject here

/**
 * Two recipes that are often called exactly-once, kept to prove that the crash tests can fail:
 * `retry` sends an insert again until it is acknowledged, `token` does so with a deduplication token.
 */
export type NaiveMode = 'retry' | 'token';

/** What a store of the sink inserts, as far as it matters here. */
interface Insert {
  readonly ranges: ReadonlyMap<number, { readonly from: number; readonly to: number }>;
  readonly rows: Buffer;
}
type Outcome = { readonly kind: 'stored' } | { readonly kind: 'unknown'; readonly reason: string };

const pauseMs = 50;
const triesMax = 600; // half a minute: longer than a gateway takes to come back

/** What the table of a naive store has beyond the real one. */
export async function prepareNaive(client: ClickHouseClient, mode: NaiveMode): Promise<void> {
  const window = mode === 'token' ? 200 : 0;
  for (const query of [
    'ALTER TABLE events MODIFY COLUMN stored_at DEFAULT now64(3)',
    'ALTER TABLE events MODIFY COLUMN batch_month DEFAULT 202611',
    `ALTER TABLE events MODIFY SETTING non_replicated_deduplication_window = ${window}`,
  ]) {
    await client.command({ query });
  }
}

/** The given store, but without a fence: it claims nothing and inserts by the recipe. `columns` are those of a row. */
export function makeNaive<Store extends object>(
  store: Store,
  client: ClickHouseClient,
  options: { readonly mode: NaiveMode; readonly columns: readonly string[] },
): Store {
  const recipe = {
    claim: (): Promise<void> => Promise.resolve(),
    insert: (insert: Insert): Promise<Outcome> => insertNaively(client, insert, options),
  };
  return new Proxy(store, {
    get(target, name): unknown {
      if (name in recipe) return recipe[name as keyof typeof recipe];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function insertNaively(
  client: ClickHouseClient,
  insert: Insert,
  { mode, columns }: { readonly mode: NaiveMode; readonly columns: readonly string[] },
): Promise<Outcome> {
  const token = [...insert.ranges].map(([partition, { from, to }]) => `${partition}:${from}-${to}`).join(',');
  for (let tries = 0; tries < triesMax; tries += 1) {
    try {
      const { stream } = await client.exec({
        query: `INSERT INTO events (${columns.join(', ')}) FORMAT RowBinary`,
        values: Readable.from([insert.rows], { objectMode: false }),
        clickhouse_settings: {
          async_insert: 0,
          ...(mode === 'token'
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
