import pg from 'pg';
import type { Logger } from 'pino';
import type { Notice } from '../notice.js';
import { reasonOf } from '../telemetry/reason.js';
import { relayLock } from './locks.js';

export interface NoticePublisher {
  /** Resolves once all of them are acknowledged, in this order. */
  publish(notices: readonly Notice[]): Promise<void>;
}

export interface RelayOptions {
  readonly url: string;
  /** Names the checkpoint: two relays with two names would each publish everything. */
  readonly name: string;
  readonly publisher: NoticePublisher;
  readonly logger: Logger;
  /** How late a notice may leave when its NOTIFY was lost. */
  readonly pollMs: number;
}

// One batch of notices: well below Kafka's message-set limit of 1 MB at a kilobyte each.
const batchMax = 500;

// Only rows whose transaction is older than every one still running: nothing can appear behind them any more. Reading by
// position alone would step over a row whose transaction took its position early and committed late.
const settledRows = `
SELECT j.namespace, j.stream, j.version, j.type, j.schema, j.data, j.actor, j.cause, j.position::text, j.xid::text,
       to_char(j.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS occurred_at
FROM journal j
WHERE (j.xid, j.position) > (
    coalesce((SELECT xid FROM relay_checkpoints WHERE relay = $1), '0'::xid8),
    coalesce((SELECT position FROM relay_checkpoints WHERE relay = $1), 0))
  AND j.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY j.xid, j.position
LIMIT $2`;
const saveCheckpoint = `INSERT INTO relay_checkpoints (relay, xid, position) VALUES ($1, $2::xid8, $3)
ON CONFLICT (relay) DO UPDATE SET xid = excluded.xid, position = excluded.position`;

interface JournalRow {
  readonly namespace: string;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema: number;
  readonly data: Notice['data'];
  readonly actor: string;
  readonly cause: string | null;
  readonly occurred_at: string;
  readonly position: string;
  readonly xid: string;
}

/**
 * Reads the journal and publishes it, one process at a time (session advisory lock on the very connection that moves the
 * checkpoint, so that one who lost the lock cannot move it). At least once: a crash between the two repeats a batch.
 */
export class JournalRelay {
  private stopping = false;
  private running: Promise<void> | undefined;
  private state: string | undefined = 'the relay has not started';
  private pending = false;
  private wake: () => void = () => (this.pending = true);
  private readonly locked = new WeakSet<pg.Client>();

  constructor(private readonly options: RelayOptions) {}

  /** Why it does not relay right now; undefined when it does, or when another process does. */
  get trouble(): string | undefined {
    return this.state;
  }

  start(): void {
    this.running = this.keepRelaying();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  private async keepRelaying(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.relayOnOneConnection();
      } catch (error) {
        this.state = `the journal is not relayed: ${reasonOf(error)}`;
        this.options.logger.warn({ err: error }, 'relay stopped; it starts again');
        await this.sleep();
      }
    }
  }

  private async relayOnOneConnection(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.options.url,
      application_name: 'ledgerline relay',
    });
    const connection: { broken?: Error } = {};
    client.on('error', (error) => {
      connection.broken = error;
      this.wake();
    });
    client.on('notification', () => this.wake());
    await client.connect();
    try {
      await client.query('LISTEN ledgerline_journal');
      while (!this.stopping) {
        if (connection.broken !== undefined) throw connection.broken;
        if (await this.holdsLock(client)) {
          let told: number;
          do told = await this.relayBatch(client);
          while (told === batchMax);
        }
        this.state = undefined;
        await this.sleep();
      }
    } finally {
      await client.end();
    }
  }

  private async holdsLock(client: pg.Client): Promise<boolean> {
    if (this.locked.has(client)) return true;
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock($1, hashtext($2)) AS locked',
      [relayLock, this.options.name],
    );
    if (rows[0]?.locked !== true) return false;
    this.locked.add(client);
    return true;
  }

  private async relayBatch(client: pg.Client): Promise<number> {
    const { rows } = await client.query<JournalRow>(settledRows, [this.options.name, batchMax]);
    const last = rows.at(-1);
    if (last === undefined) return 0;
    await this.options.publisher.publish(rows.map(noticeFromDb));
    await client.query(saveCheckpoint, [this.options.name, last.xid, last.position]);
    return rows.length;
  }

  /** Until woken by a NOTIFY or the poll. A wake-up that came while a batch was under way counts. */
  private sleep(): Promise<void> {
    if (this.pending) {
      this.pending = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.wake = () => (this.pending = true);
        resolve();
      };
      const timer = setTimeout(finish, this.options.pollMs);
      this.wake = finish;
    });
  }
}

function noticeFromDb(row: JournalRow): Notice {
  const { namespace, stream, version, type, schema, data, actor, cause } = row;
  return {
    id: `${namespace}/${stream}/${version}`,
    namespace,
    stream,
    version,
    type,
    schema,
    data,
    actor,
    cause,
    occurredAt: row.occurred_at,
  };
}
