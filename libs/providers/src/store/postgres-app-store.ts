import { type Db, type Instant, type Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { App, AppType } from '../core/app.js';
import type { AppStore } from '../core/ports.js';

interface AppRow {
  readonly namespace: string;
  readonly id: string;
  readonly type: AppType;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly status: App['status'];
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

const columns =
  'namespace, id, type, name, description, metadata, status, created_at, updated_at, deleted_at';

export class PostgresAppStore implements AppStore {
  async find(db: Db, id: string): Promise<App | undefined> {
    const [app] = await this.findMany(db, [id]);
    return app;
  }

  async findMany(db: Db, ids: readonly string[]): Promise<readonly App[]> {
    const rows: AppRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM apps WHERE namespace = $1 AND id = ANY($2)`,
      [db.namespace, ids],
    );
    return rows.map(appFromDb);
  }

  async findFirst(db: Db, type: AppType): Promise<App | undefined> {
    const [row]: AppRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM apps WHERE namespace = $1 AND type = $2 AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1`,
      [db.namespace, type],
    );
    return row === undefined ? undefined : appFromDb(row);
  }

  async list(
    db: Db,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<{ readonly items: readonly App[]; readonly totalCount: number }> {
    const manager = managerOf(db);
    const live = 'namespace = $1 AND deleted_at IS NULL';
    const [count]: { count: string }[] = await manager.query(`SELECT count(*) FROM apps WHERE ${live}`, [
      db.namespace,
    ]);
    const rows: AppRow[] = await manager.query(
      `SELECT ${columns} FROM apps WHERE ${live} ORDER BY created_at, id LIMIT $2 OFFSET $3`,
      [db.namespace, page.limit, page.offset],
    );
    return { items: rows.map(appFromDb), totalCount: Number(count?.count ?? 0) };
  }

  async lock(tx: Tx): Promise<void> {
    await managerOf(tx).query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [
      `${tx.namespace}/apps`,
    ]);
  }

  async insert(tx: Tx, app: App): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO apps (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        app.namespace,
        app.id,
        app.type,
        app.name,
        app.description ?? null,
        app.metadata === undefined ? null : JSON.stringify(app.metadata),
        app.status,
        instantToDb(app.createdAt),
        instantToDb(app.updatedAt),
        app.deletedAt === undefined ? null : instantToDb(app.deletedAt),
      ],
    );
  }
}

const optional = (value: Date | null): Instant | undefined =>
  value === null ? undefined : instantFromDb(value);

const appFromDb = (row: AppRow): App => ({
  namespace: row.namespace,
  id: row.id,
  type: row.type,
  name: row.name,
  description: row.description ?? undefined,
  metadata: row.metadata ?? undefined,
  status: row.status,
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: optional(row.deleted_at),
});
