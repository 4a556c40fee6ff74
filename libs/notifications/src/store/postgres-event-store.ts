import type { Db, Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, managerOf, pageOf, whereOf } from '@ledgerline/platform/postgres';
import type { EventTopic, NotificationEvent, SayOnce } from '../core/event.js';
import type { EventListQuery, EventStore, Page } from '../core/ports.js';
import type { RuleType } from '../core/rule.js';

interface EventRow {
  readonly namespace: string;
  readonly id: string;
  readonly type: RuleType;
  readonly rule_id: string;
  readonly payload: NotificationEvent['payload'];
  readonly annotations: NotificationEvent['annotations'];
  readonly created_at: Date;
}

const columns = `namespace, id, type, rule_id, payload, annotations, created_at`;
const orders = { id: 'id', createdAt: 'created_at' } as const;

export class PostgresEventStore implements EventStore {
  async find(db: Db, id: string): Promise<NotificationEvent | undefined> {
    const rows: EventRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM notification_events WHERE namespace = $1 AND id = $2`,
      [db.namespace, id],
    );
    return rows.map(eventFromDb)[0];
  }

  list(db: Db, query: EventListQuery): Promise<Page<NotificationEvent>> {
    const where = whereOf(db);
    const { clauses, bind } = where;
    if (query.from) clauses.push(`created_at >= ${bind(instantToDb(query.from))}`);
    if (query.to) clauses.push(`created_at <= ${bind(instantToDb(query.to))}`);
    if (query.features) {
      const features = bind(query.features);
      clauses.push(`(feature_id = ANY(${features}) OR feature_key = ANY(${features}))`);
    }
    if (query.subjects) {
      const subjects = bind(query.subjects);
      clauses.push(`(subject_id = ANY(${subjects}) OR subject_key = ANY(${subjects}))`);
    }
    if (query.ruleIds) clauses.push(`rule_id = ANY(${bind(query.ruleIds)})`);
    if (query.channelIds) {
      clauses.push(`EXISTS (SELECT 1 FROM notification_deliveries d WHERE d.namespace = notification_events.namespace
        AND d.event_id = notification_events.id AND d.channel_id = ANY(${bind(query.channelIds)}))`);
    }
    return pageOf(db, where, {
      ...query,
      select: columns,
      table: 'notification_events',
      orderBy: orders[query.orderBy],
      fromDb: eventFromDb,
    });
  }

  async insert(
    tx: Tx,
    event: NotificationEvent,
    { topic, once }: { readonly topic: EventTopic; readonly once: SayOnce },
  ): Promise<boolean> {
    if (once.kind === 'series' && (await lastSaid(tx, once.series)) === once.said) return false;
    const inserted: unknown[] = await managerOf(tx).query(
      `INSERT INTO notification_events (${columns}, series, said, once_key, feature_id, feature_key, subject_id, subject_key)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       ON CONFLICT (namespace, once_key) WHERE once_key IS NOT NULL DO NOTHING RETURNING id`,
      [
        event.namespace,
        event.id,
        event.type,
        event.ruleId,
        JSON.stringify(event.payload),
        JSON.stringify(event.annotations),
        instantToDb(event.createdAt),
        once.kind === 'series' ? once.series : null,
        once.kind === 'series' ? once.said : null,
        once.kind === 'once' ? once.key : null,
        topic.featureId ?? null,
        topic.featureKey ?? null,
        topic.subjectId ?? null,
        topic.subjectKey ?? null,
      ],
    );
    return inserted.length === 1;
  }
}

async function lastSaid(tx: Tx, series: string): Promise<string | undefined> {
  const rows: { said: string }[] = await managerOf(tx).query(
    `SELECT said FROM notification_events WHERE namespace = $1 AND series = $2 ORDER BY number DESC LIMIT 1`,
    [tx.namespace, series],
  );
  return rows[0]?.said;
}

const eventFromDb = (row: EventRow): NotificationEvent => ({
  id: row.id,
  namespace: row.namespace,
  type: row.type,
  ruleId: row.rule_id,
  payload: row.payload,
  annotations: row.annotations,
  createdAt: instantFromDb(row.created_at),
});
