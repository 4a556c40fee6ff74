import { type Db, type Instant, instant, type Tx } from '@ledgerline/kernel';
import {
  instantFromDb,
  instantOrNull,
  instantToDb,
  managerOf,
  optionalInstant,
} from '@ledgerline/platform/postgres';
import type { WatchStore, WatchWish } from '../core/ports.js';
import type { Watch } from '../core/watch.js';

interface WatchRow {
  readonly entitlement_id: string;
  readonly due_at: Date | null;
  readonly asked_at: Date | null;
  readonly resets: readonly (readonly [string, string])[];
  readonly asks: number;
  readonly looks: number;
}

const columns = `entitlement_id, due_at, asked_at, resets, asks, looks`;
const place = `namespace = $1 AND entitlement_id = $2`;
// Nobody would be told: nothing is due, and a virtual clock need not stop.
const someRuleIsAwake = `EXISTS (SELECT 1 FROM notification_rules r WHERE r.namespace = $1 AND r.deleted_at IS NULL
  AND NOT r.disabled AND r.type IN ('entitlements.balance.threshold', 'entitlements.reset'))`;
// Only the newest matter to a rule that wakes much later.
const resetsKeptMax = 50;

export class PostgresWatchStore implements WatchStore {
  async find(db: Db, entitlementId: string): Promise<Watch | undefined> {
    const rows: WatchRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM notification_watches WHERE ${place}`,
      [db.namespace, entitlementId],
    );
    return rows.map(watchFromDb)[0];
  }

  async lock(tx: Tx, entitlementId: string): Promise<Watch> {
    const [row]: [WatchRow] = await managerOf(tx).query(
      `INSERT INTO notification_watches (namespace, entitlement_id, resets, asks, looks, trouble)
       VALUES ($1, $2, '[]', 0, 0, '')
       ON CONFLICT (namespace, entitlement_id) DO UPDATE SET looks = notification_watches.looks RETURNING ${columns}`,
      [tx.namespace, entitlementId],
    );
    return watchFromDb(row);
  }

  async ask(tx: Tx, entitlementId: string, { since, reset }: WatchWish): Promise<void> {
    const added = reset === undefined ? [] : [[reset.effectiveAt.toString(), reset.recordedAt.toString()]];
    await managerOf(tx).query(
      `INSERT INTO notification_watches AS w (namespace, entitlement_id, due_at, asked_at, resets, asks, looks, trouble)
       VALUES ($1, $2, $3, $4, $5, 1, 0, '')
       ON CONFLICT (namespace, entitlement_id) DO UPDATE SET asks = w.asks + 1,
         asked_at = COALESCE(w.asked_at, excluded.asked_at),
         resets = (SELECT COALESCE(jsonb_agg(one ORDER BY n), '[]') FROM (
           SELECT one, n FROM jsonb_array_elements(w.resets || excluded.resets) WITH ORDINALITY AS all_of(one, n)
           ORDER BY n DESC LIMIT ${resetsKeptMax}) AS newest)`,
      [tx.namespace, entitlementId, instantToDb(since), instantToDb(tx.at), JSON.stringify(added)],
    );
  }

  async update(tx: Tx, watch: Watch, trouble: string): Promise<void> {
    await managerOf(tx).query(
      `UPDATE notification_watches SET due_at = $3, asked_at = $4, resets = $5, asks = $6, looks = $7, trouble = $8
       WHERE ${place}`,
      [
        tx.namespace,
        watch.entitlementId,
        instantOrNull(watch.dueAt),
        instantOrNull(watch.askedAt),
        JSON.stringify(
          watch.resets.map(({ effectiveAt, recordedAt }) => [effectiveAt.toString(), recordedAt.toString()]),
        ),
        watch.asks,
        watch.looks,
        trouble,
      ],
    );
  }

  async remove(tx: Tx, entitlementId: string): Promise<void> {
    await managerOf(tx).query(`DELETE FROM notification_watches WHERE ${place}`, [
      tx.namespace,
      entitlementId,
    ]);
  }

  async nextDueAt(db: Db): Promise<Instant | undefined> {
    const [row]: { at: Date }[] = await managerOf(db).query(
      `SELECT LEAST(due_at, asked_at) AS at FROM notification_watches
       WHERE namespace = $1 AND LEAST(due_at, asked_at) IS NOT NULL AND ${someRuleIsAwake}
       ORDER BY LEAST(due_at, asked_at) LIMIT 1`,
      [db.namespace],
    );
    return row && instantFromDb(row.at);
  }

  async listDue(db: Db, now: Instant, limit: number): Promise<readonly string[]> {
    const rows: { entitlement_id: string }[] = await managerOf(db).query(
      `SELECT entitlement_id FROM notification_watches
       WHERE namespace = $1 AND LEAST(due_at, asked_at) <= $2 AND ${someRuleIsAwake}
       ORDER BY LEAST(due_at, asked_at) LIMIT $3`,
      [db.namespace, instantToDb(now), limit],
    );
    return rows.map(({ entitlement_id }) => entitlement_id);
  }
}

const watchFromDb = (row: WatchRow): Watch => ({
  entitlementId: row.entitlement_id,
  dueAt: optionalInstant(row.due_at),
  askedAt: optionalInstant(row.asked_at),
  resets: row.resets.map(([effectiveAt, recordedAt]) => ({
    effectiveAt: instant(effectiveAt),
    recordedAt: instant(recordedAt),
  })),
  asks: row.asks,
  looks: row.looks,
});
