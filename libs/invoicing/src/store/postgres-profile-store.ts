import { type Db, type Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { ProfileListQuery, ProfileStore } from '../core/ports.js';
import {
  type BillingProfile,
  type Party,
  workflowFromJson,
  type WorkflowInput,
  workflowToJson,
} from '../core/workflow.js';
import { optionalFromDb, optionalToDb } from './invoice-rows.js';
import { insertSql, updateSql } from './sql.js';

interface ProfileRow {
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly supplier: Party;
  readonly workflow: WorkflowInput;
  readonly app_id: string;
  readonly is_default: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

const profileColumns = [
  'namespace',
  'id',
  'name',
  'description',
  'metadata',
  'supplier',
  'workflow',
  'app_id',
  'is_default',
  'created_at',
  'updated_at',
  'deleted_at',
] as const;
const columns = profileColumns.join(', ');

const orderColumns: Readonly<Record<ProfileListQuery['orderBy'], string>> = {
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  default: 'is_default',
  name: 'name',
};

export class PostgresProfileStore implements ProfileStore {
  async find(db: Db, id: string): Promise<BillingProfile | undefined> {
    return this.one(db, 'id = $2', id);
  }

  async findDefault(db: Db): Promise<BillingProfile | undefined> {
    return this.one(db, 'is_default = $2 AND deleted_at IS NULL', true);
  }

  async list(
    db: Db,
    query: ProfileListQuery,
  ): Promise<{ readonly items: readonly BillingProfile[]; readonly totalCount: number }> {
    const manager = managerOf(db);
    const where = `namespace = $1 AND ($2 OR deleted_at IS NULL)`;
    const [count]: { count: string }[] = await manager.query(
      `SELECT count(*) FROM billing_profiles WHERE ${where}`,
      [db.namespace, query.includeDeleted],
    );
    const direction = query.descending ? 'DESC' : 'ASC';
    const rows: ProfileRow[] = await manager.query(
      `SELECT ${columns} FROM billing_profiles WHERE ${where}
       ORDER BY ${orderColumns[query.orderBy]} ${direction}, id ${direction} LIMIT $3 OFFSET $4`,
      [db.namespace, query.includeDeleted, query.limit, query.offset],
    );
    return { items: rows.map(profileFromDb), totalCount: Number(count?.count ?? 0) };
  }

  async lock(tx: Tx): Promise<void> {
    await managerOf(tx).query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [
      `${tx.namespace}/billing-profiles`,
    ]);
  }

  async insert(tx: Tx, profile: BillingProfile): Promise<void> {
    await managerOf(tx).query(insertSql('billing_profiles', profileColumns), [...profileToDb(profile)]);
  }

  async update(tx: Tx, profile: BillingProfile): Promise<void> {
    await managerOf(tx).query(updateSql('billing_profiles', profileColumns), [...profileToDb(profile)]);
  }

  async namesApp(db: Db, appId: string): Promise<boolean> {
    return (await this.one(db, 'app_id = $2 AND deleted_at IS NULL LIMIT 1', appId)) !== undefined;
  }

  private async one(db: Db, condition: string, value: unknown): Promise<BillingProfile | undefined> {
    const [row]: ProfileRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM billing_profiles WHERE namespace = $1 AND ${condition}`,
      [db.namespace, value],
    );
    return row === undefined ? undefined : profileFromDb(row);
  }
}

const profileFromDb = (row: ProfileRow): BillingProfile => ({
  namespace: row.namespace,
  id: row.id,
  name: row.name,
  description: row.description ?? undefined,
  metadata: row.metadata ?? undefined,
  supplier: row.supplier,
  workflow: workflowFromJson(row.workflow),
  appId: row.app_id,
  isDefault: row.is_default,
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: optionalFromDb(row.deleted_at),
});

const profileToDb = (profile: BillingProfile): readonly unknown[] => [
  profile.namespace,
  profile.id,
  profile.name,
  profile.description ?? null,
  profile.metadata === undefined ? null : JSON.stringify(profile.metadata),
  JSON.stringify(profile.supplier),
  JSON.stringify(workflowToJson(profile.workflow)),
  profile.appId,
  profile.isDefault,
  instantToDb(profile.createdAt),
  instantToDb(profile.updatedAt),
  optionalToDb(profile.deletedAt),
];
