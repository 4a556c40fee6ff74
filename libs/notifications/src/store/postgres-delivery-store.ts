import { type Db, type Instant, instant, type Tx } from '@ledgerline/kernel';
import {
  instantFromDb,
  instantOrNull,
  instantToDb,
  managerOf,
  optionalInstant,
} from '@ledgerline/platform/postgres';
import type { Attempt, Delivery, DeliveryState } from '../core/delivery.js';
import type { DeliveryStore, DeliveryWithAttempts } from '../core/ports.js';

interface DeliveryRow {
  readonly namespace: string;
  readonly event_id: string;
  readonly channel_id: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly annotations: Delivery['annotations'];
  readonly next_attempt_at: Date | null;
  readonly attempts: number;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

interface AttemptJson {
  readonly id: string;
  readonly state: Attempt['state'];
  readonly at: string;
  readonly status_code: number | null;
  readonly body: string;
  readonly duration_ms: number;
  readonly url: string;
}

const columns = `namespace, event_id, channel_id, state, reason, annotations, next_attempt_at, attempts, version, created_at,
  updated_at`;
// Two series of attempts and more; a delivery that was resent very often shows the newest.
const attemptsShownMax = 20;

export class PostgresDeliveryStore implements DeliveryStore {
  async ofEvents(db: Db, eventIds: readonly string[]): Promise<readonly DeliveryWithAttempts[]> {
    const rows: (DeliveryRow & { made: readonly AttemptJson[] })[] = await managerOf(db).query(
      `SELECT ${columns}, ARRAY(
         SELECT to_jsonb(a) FROM notification_attempts a
         WHERE a.namespace = d.namespace AND a.event_id = d.event_id AND a.channel_id = d.channel_id
         ORDER BY a.at DESC, a.id DESC LIMIT ${attemptsShownMax}
       ) AS made
       FROM notification_deliveries d WHERE namespace = $1 AND event_id = ANY($2) ORDER BY event_id, channel_id`,
      [db.namespace, eventIds],
    );
    return rows.map((row) => ({ delivery: deliveryFromDb(row), attempts: row.made.map(attemptFromJson) }));
  }

  async findForChange(tx: Tx, eventId: string, channelId: string): Promise<Delivery | undefined> {
    const rows: DeliveryRow[] = await managerOf(tx).query(
      `SELECT ${columns} FROM notification_deliveries
       WHERE namespace = $1 AND event_id = $2 AND channel_id = $3 FOR UPDATE`,
      [tx.namespace, eventId, channelId],
    );
    return rows.map(deliveryFromDb)[0];
  }

  async insert(tx: Tx, deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      await managerOf(tx).query(
        `INSERT INTO notification_deliveries (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          delivery.namespace,
          delivery.eventId,
          delivery.channelId,
          ...changeable(delivery),
          delivery.version,
          instantToDb(delivery.createdAt),
          instantToDb(delivery.updatedAt),
        ],
      );
    }
  }

  async update(tx: Tx, delivery: Delivery): Promise<void> {
    await managerOf(tx).query(
      `UPDATE notification_deliveries SET state = $4, reason = $5, annotations = $6, next_attempt_at = $7, attempts = $8,
         updated_at = $9, version = version + 1
       WHERE namespace = $1 AND event_id = $2 AND channel_id = $3`,
      [
        delivery.namespace,
        delivery.eventId,
        delivery.channelId,
        ...changeable(delivery),
        instantToDb(delivery.updatedAt),
      ],
    );
  }

  async addAttempt(
    tx: Tx,
    { eventId, channelId }: Pick<Delivery, 'eventId' | 'channelId'>,
    attempt: Attempt,
  ): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO notification_attempts (namespace, event_id, channel_id, id, state, at, status_code, body, duration_ms, url)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tx.namespace,
        eventId,
        channelId,
        attempt.id,
        attempt.state,
        instantToDb(attempt.at),
        attempt.statusCode ?? null,
        attempt.body,
        attempt.durationMs,
        attempt.url,
      ],
    );
  }

  async nextAttemptAt(db: Db): Promise<Instant | undefined> {
    const [row]: { at: Date }[] = await managerOf(db).query(
      `SELECT next_attempt_at AS at FROM notification_deliveries WHERE namespace = $1 AND next_attempt_at IS NOT NULL
       ORDER BY next_attempt_at LIMIT 1`,
      [db.namespace],
    );
    return row && instantFromDb(row.at);
  }

  async listDue(
    db: Db,
    now: Instant,
    limit: number,
  ): Promise<readonly Pick<Delivery, 'eventId' | 'channelId'>[]> {
    const rows: { event_id: string; channel_id: string }[] = await managerOf(db).query(
      `SELECT event_id, channel_id FROM notification_deliveries WHERE namespace = $1 AND next_attempt_at <= $2
       ORDER BY next_attempt_at LIMIT $3`,
      [db.namespace, instantToDb(now), limit],
    );
    return rows.map(({ event_id, channel_id }) => ({ eventId: event_id, channelId: channel_id }));
  }
}

const changeable = (delivery: Delivery): readonly unknown[] => [
  delivery.state,
  delivery.reason,
  JSON.stringify(delivery.annotations),
  instantOrNull(delivery.nextAttemptAt),
  delivery.attempts,
];

const deliveryFromDb = (row: DeliveryRow): Delivery => ({
  namespace: row.namespace,
  eventId: row.event_id,
  channelId: row.channel_id,
  state: row.state,
  reason: row.reason,
  annotations: row.annotations,
  nextAttemptAt: optionalInstant(row.next_attempt_at),
  attempts: row.attempts,
  version: row.version,
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
});

const attemptFromJson = (json: AttemptJson): Attempt => ({
  id: json.id,
  state: json.state,
  at: instant(json.at),
  statusCode: json.status_code ?? undefined,
  body: json.body,
  durationMs: json.duration_ms,
  url: json.url,
});
