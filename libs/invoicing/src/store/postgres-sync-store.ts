import { type Db, type Instant, type Tx } from '@ledgerline/kernel';
import { instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { SyncState, SyncStore } from '../core/ports.js';
import { optionalFromDb, optionalToDb } from './invoice-rows.js';

interface SyncRow {
  readonly subscription_id: string;
  readonly customer_id: string | null;
  readonly has_billables: boolean;
  readonly synced_at: Date | null;
  readonly due_at: Date | null;
}

export class PostgresSyncStore implements SyncStore {
  async findForChange(tx: Tx, subscriptionId: string): Promise<SyncState | undefined> {
    const [row]: SyncRow[] = await managerOf(tx).query(
      `SELECT subscription_id, customer_id, has_billables, synced_at, due_at FROM subscription_sync_state
       WHERE namespace = $1 AND subscription_id = $2 FOR UPDATE`,
      [tx.namespace, subscriptionId],
    );
    return row === undefined
      ? undefined
      : {
          subscriptionId: row.subscription_id,
          customerId: row.customer_id ?? '',
          hasBillables: row.has_billables,
          syncedAt: optionalFromDb(row.synced_at),
          dueAt: optionalFromDb(row.due_at),
        };
  }

  async save(tx: Tx, state: SyncState): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO subscription_sync_state (namespace, subscription_id, customer_id, has_billables, synced_at, due_at)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (namespace, subscription_id) DO UPDATE SET customer_id = EXCLUDED.customer_id,
         has_billables = EXCLUDED.has_billables, synced_at = EXCLUDED.synced_at, due_at = EXCLUDED.due_at`,
      [
        tx.namespace,
        state.subscriptionId,
        state.customerId,
        state.hasBillables,
        optionalToDb(state.syncedAt),
        optionalToDb(state.dueAt),
      ],
    );
  }

  async request(tx: Tx, subscriptionIds: readonly string[]): Promise<void> {
    if (subscriptionIds.length === 0) return;
    await managerOf(tx).query(
      `INSERT INTO subscription_sync_state (namespace, subscription_id, has_billables, due_at)
       SELECT $1, id, true, $3 FROM unnest($2::text[]) AS id
       ON CONFLICT (namespace, subscription_id) DO UPDATE SET due_at = least(subscription_sync_state.due_at, EXCLUDED.due_at)`,
      [tx.namespace, [...subscriptionIds].sort(), instantToDb(tx.at)],
    );
  }

  async nextDueAt(db: Db): Promise<Instant | undefined> {
    const [row]: { due: Date | null }[] = await managerOf(db).query(
      `SELECT min(due_at) AS due FROM subscription_sync_state WHERE namespace = $1 AND due_at IS NOT NULL`,
      [db.namespace],
    );
    return optionalFromDb(row?.due ?? null);
  }

  async listDue(db: Db, now: Instant, limit: number): Promise<readonly string[]> {
    const rows: { subscription_id: string }[] = await managerOf(db).query(
      `SELECT subscription_id FROM subscription_sync_state WHERE namespace = $1 AND due_at <= $2
       ORDER BY due_at, subscription_id LIMIT $3`,
      [db.namespace, instantToDb(now), limit],
    );
    return rows.map((row) => row.subscription_id);
  }
}
