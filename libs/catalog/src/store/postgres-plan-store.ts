import { type Db, type Instant, invariant, type Tx } from '@ledgerline/kernel';
import { instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { Plan } from '../core/plan.js';
import type { PlanStatus } from '../core/plan-status.js';
import type { PlanListQuery, PlanOrder, PlanPage, PlanStore } from '../core/ports.js';
import { planColumns, planFromDb, type PlanRow, planToDb } from './plan-rows.js';

const select = `SELECT ${planColumns} FROM plans WHERE namespace = $1`;
const isActive = (now: string): string =>
  `(effective_from <= ${now} AND (effective_to IS NULL OR effective_to > ${now}))`;

const orderColumns: Readonly<Record<PlanOrder, string>> = {
  id: 'id',
  key: 'key',
  version: 'version',
  created_at: 'created_at',
  updated_at: 'updated_at',
};

// `now` names a parameter that Postgres refuses to see unused, so it is asked for only where it stands.
const statusConditions: Readonly<Record<PlanStatus, (now: () => string) => string>> = {
  draft: () => '(effective_from IS NULL AND effective_to IS NULL)',
  active: (now) => isActive(now()),
  scheduled: (now) => `(effective_from > ${now()})`,
  archived: (now) => `(effective_to <= ${now()})`,
};

export class PostgresPlanStore implements PlanStore {
  find(db: Db, id: string): Promise<Plan | undefined> {
    return one(db, `${select} AND id = $2`, [id]);
  }

  findActive(db: Db, key: string, now: Instant): Promise<Plan | undefined> {
    return one(db, `${select} AND key = $2 AND deleted_at IS NULL AND ${isActive('$3')}`, [
      key,
      instantToDb(now),
    ]);
  }

  findVersion(db: Db, key: string, version: number): Promise<Plan | undefined> {
    return one(db, `${select} AND key = $2 AND version = $3::numeric AND deleted_at IS NULL`, [key, version]);
  }

  findLatest(db: Db, key: string): Promise<Plan | undefined> {
    return one(db, `${select} AND key = $2 AND deleted_at IS NULL ORDER BY version DESC LIMIT 1`, [key]);
  }

  findDraft(db: Db, key: string): Promise<Plan | undefined> {
    return one(
      db,
      `${select} AND key = $2 AND deleted_at IS NULL AND effective_from IS NULL AND effective_to IS NULL`,
      [key],
    );
  }

  findLiveWithFeature(db: Db, featureId: string, now: Instant): Promise<Plan | undefined> {
    const live = `deleted_at IS NULL AND effective_from IS NOT NULL AND (effective_to IS NULL OR effective_to > $3)`;
    return one(db, `${select} AND feature_ids @> ARRAY[$2] AND ${live} LIMIT 1`, [
      featureId,
      instantToDb(now),
    ]);
  }

  async lockKey(tx: Tx, key: string): Promise<number> {
    const [row]: { latest_version: number }[] = await managerOf(tx).query(
      `INSERT INTO plan_keys (namespace, key, latest_version) VALUES ($1, $2, 0)
       ON CONFLICT (namespace, key) DO UPDATE SET latest_version = plan_keys.latest_version
       RETURNING latest_version`,
      [tx.namespace, key],
    );
    invariant(row !== undefined, 'the plan key was neither inserted nor found');
    return row.latest_version;
  }

  async insert(tx: Tx, plan: Plan): Promise<void> {
    const values = planToDb(plan);
    const places = values.map((_, index) => `$${index + 1}`).join(', ');
    await managerOf(tx).query(`INSERT INTO plans (${planColumns}) VALUES (${places})`, [...values]);
    await managerOf(tx).query(
      'UPDATE plan_keys SET latest_version = $3 WHERE namespace = $1 AND key = $2 AND latest_version = $3 - 1',
      [plan.namespace, plan.key, plan.version],
    );
  }

  async update(tx: Tx, plan: Plan): Promise<void> {
    const values = planToDb(plan);
    const places = values.map((_, index) => `$${index + 1}`).join(', ');
    await managerOf(tx).query(
      `UPDATE plans SET (${planColumns}) = (${places}) WHERE namespace = $1 AND id = $2`,
      [...values],
    );
  }

  async list(db: Db, query: PlanListQuery): Promise<PlanPage> {
    const { where, values } = conditionsOf(db, query);
    const direction = query.descending ? 'DESC' : 'ASC';
    const rows: PlanRow[] = await managerOf(db).query(
      `SELECT ${planColumns} FROM plans WHERE ${where}
       ORDER BY ${orderColumns[query.orderBy]} ${direction}, id ${direction}
       LIMIT $${values.length + 1} OFFSET $${values.length + 2}`,
      [...values, query.limit, query.offset],
    );
    const [count]: { total: number }[] = await managerOf(db).query(
      `SELECT count(*)::int AS total FROM plans WHERE ${where}`,
      [...values],
    );
    return { items: rows.map(planFromDb), totalCount: count?.total ?? 0 };
  }
}

function conditionsOf(
  db: Db,
  query: PlanListQuery,
): { readonly where: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [db.namespace];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const any: string[] = [];
  if (query.ids !== undefined) any.push(`id = ANY(${place(query.ids)})`);
  if (query.keys !== undefined) any.push(`key = ANY(${place(query.keys)})`);
  if (query.currencies !== undefined) any.push(`currency = ANY(${place(query.currencies)})`);
  for (const [key, versions] of Object.entries(query.keyVersions ?? {})) {
    any.push(`(key = ${place(key)} AND version = ANY(${place(versions)}::bigint[]))`);
  }
  const all = ['namespace = $1'];
  if (!query.includeDeleted) all.push('deleted_at IS NULL');
  if (any.length > 0) all.push(`(${any.join(' OR ')})`);
  if (query.statuses !== undefined && query.statuses.length > 0) {
    const now = (): string => `${place(instantToDb(query.now))}::timestamptz`;
    all.push(`(${query.statuses.map((status) => statusConditions[status](now)).join(' OR ')})`);
  }
  return { where: all.join(' AND '), values };
}

async function one(db: Db, sql: string, values: readonly unknown[]): Promise<Plan | undefined> {
  const [row]: PlanRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
  return row === undefined ? undefined : planFromDb(row);
}
