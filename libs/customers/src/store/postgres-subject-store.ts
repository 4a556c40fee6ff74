import type { Db, Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { SubjectStore } from '../core/ports.js';
import type { Subject, SubjectMetadata } from '../core/subject.js';

interface SubjectRow {
  readonly namespace: string;
  readonly id: string;
  readonly key: string;
  readonly display_name: string | null;
  readonly metadata: SubjectMetadata | null;
  readonly stripe_customer_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

const columns =
  'namespace, id, key, display_name, metadata, stripe_customer_id, created_at, updated_at, deleted_at';
const select = `SELECT ${columns} FROM subjects WHERE namespace = $1`;
// An id wins over a key of the same text.
const byIdOrKey = `(id = $2 OR (key = $2 AND deleted_at IS NULL)) ORDER BY (id = $2) DESC, id LIMIT 1`;
// One JSON document carries any number of subjects; in one order, so that two transactions cannot deadlock.
const given = `FROM jsonb_to_recordset($1::jsonb) AS g (namespace text, id text, key text, display_name text,
  metadata jsonb, stripe_customer_id text, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz)`;
const insert = `INSERT INTO subjects (${columns}) SELECT ${columns} ${given} ORDER BY key
  ON CONFLICT (namespace, key) WHERE deleted_at IS NULL`;

export class PostgresSubjectStore implements SubjectStore {
  async find(db: Db, idOrKey: string): Promise<Subject | undefined> {
    return (await many(db, `${select} AND ${byIdOrKey}`, [db.namespace, idOrKey]))[0];
  }

  async findForChange(tx: Tx, idOrKey: string): Promise<Subject | undefined> {
    return (await many(tx, `${select} AND ${byIdOrKey} FOR NO KEY UPDATE`, [tx.namespace, idOrKey]))[0];
  }

  async findIds(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const sql = 'SELECT id FROM subjects WHERE namespace = $1 AND id = ANY($2)';
    const rows: { id: string }[] = await managerOf(db).query(sql, [db.namespace, ids]);
    return new Set(rows.map(({ id }) => id));
  }

  list(db: Db, limit: number): Promise<readonly Subject[]> {
    return many(db, `${select} AND deleted_at IS NULL ORDER BY id LIMIT $2`, [db.namespace, limit]);
  }

  async names(db: Db, keys: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    if (keys.length === 0) return new Map();
    const rows: { key: string; display_name: string | null }[] = await managerOf(db).query(
      'SELECT key, display_name FROM subjects WHERE namespace = $1 AND key = ANY($2) AND deleted_at IS NULL',
      [db.namespace, keys],
    );
    return new Map(rows.map((row) => [row.key, row.display_name ?? undefined]));
  }

  insertMissing(tx: Tx, subjects: readonly Subject[]): Promise<readonly Subject[]> {
    return add(tx, `${insert} DO NOTHING RETURNING ${columns}`, subjects);
  }

  claim(tx: Tx, subjects: readonly Subject[]): Promise<readonly Subject[]> {
    // The update that changes nothing takes the lock and answers the row that is there.
    return add(tx, `${insert} DO UPDATE SET key = EXCLUDED.key RETURNING ${columns}`, subjects);
  }

  async update(tx: Tx, subjects: readonly Subject[]): Promise<void> {
    if (subjects.length === 0) return;
    await managerOf(tx).query(
      `UPDATE subjects s SET display_name = g.display_name, metadata = g.metadata,
         stripe_customer_id = g.stripe_customer_id, updated_at = g.updated_at, deleted_at = g.deleted_at
       ${given} WHERE s.namespace = g.namespace AND s.id = g.id`,
      [jsonOf(subjects)],
    );
  }
}

async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Subject[]> {
  const rows: SubjectRow[] = await managerOf(db).query(sql, [...values]);
  return rows.map(subjectFromDb);
}

async function add(tx: Tx, sql: string, subjects: readonly Subject[]): Promise<readonly Subject[]> {
  return subjects.length === 0 ? [] : many(tx, sql, [jsonOf(subjects)]);
}

const jsonOf = (subjects: readonly Subject[]): string => JSON.stringify(subjects.map(subjectToDb));

const subjectToDb = (subject: Subject): Record<keyof SubjectRow, unknown> => ({
  namespace: subject.namespace,
  id: subject.id,
  key: subject.key,
  display_name: subject.displayName ?? null,
  metadata: subject.metadata ?? null,
  stripe_customer_id: subject.stripeCustomerId ?? null,
  created_at: instantToDb(subject.createdAt),
  updated_at: instantToDb(subject.updatedAt),
  deleted_at: subject.deletedAt === undefined ? null : instantToDb(subject.deletedAt),
});

const subjectFromDb = (row: SubjectRow): Subject => ({
  namespace: row.namespace,
  id: row.id,
  key: row.key,
  displayName: row.display_name ?? undefined,
  metadata: row.metadata ?? undefined,
  stripeCustomerId: row.stripe_customer_id ?? undefined,
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: row.deleted_at === null ? undefined : instantFromDb(row.deleted_at),
});
