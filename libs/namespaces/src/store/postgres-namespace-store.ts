import type { Db, Instant, Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { Namespace } from '../core/namespace.js';
import type { NamespaceStore, Page, Window } from '../core/ports.js';

interface NamespaceRow {
  readonly namespace: string;
  readonly created_at: Date;
}

export class PostgresNamespaceStore implements NamespaceStore {
  async insert(tx: Tx): Promise<boolean> {
    const rows: unknown[] = await managerOf(tx).query(
      `INSERT INTO namespaces (namespace, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING namespace`,
      [tx.namespace, instantToDb(tx.at)],
    );
    return rows.length === 1;
  }

  async exists(db: Db): Promise<boolean> {
    const rows: unknown[] = await managerOf(db).query(`SELECT 1 FROM namespaces WHERE namespace = $1`, [
      db.namespace,
    ]);
    return rows.length === 1;
  }

  /** Of the whole installation: only an operator gets here. */
  async list(db: Db, { limit, offset }: Window): Promise<Page<Namespace>> {
    const manager = managerOf(db);
    const [count]: { count: string }[] = await manager.query(`SELECT count(*) FROM namespaces`);
    const rows: NamespaceRow[] = await manager.query(
      `SELECT namespace, created_at FROM namespaces ORDER BY namespace LIMIT $1 OFFSET $2`,
      [limit, offset],
    );
    return {
      items: rows.map((row) => ({ namespace: row.namespace, createdAt: instantFromDb(row.created_at) })),
      totalCount: Number(count?.count ?? 0),
    };
  }

  async findUnprepared(db: Db): Promise<Instant | undefined> {
    const [row]: NamespaceRow[] = await managerOf(db).query(
      `SELECT namespace, created_at FROM namespaces WHERE namespace = $1 AND bootstrapped_at IS NULL`,
      [db.namespace],
    );
    return row === undefined ? undefined : instantFromDb(row.created_at);
  }

  async markPrepared(tx: Tx): Promise<void> {
    await managerOf(tx).query(
      `UPDATE namespaces SET bootstrapped_at = $2 WHERE namespace = $1 AND bootstrapped_at IS NULL`,
      [tx.namespace, instantToDb(tx.at)],
    );
  }
}
