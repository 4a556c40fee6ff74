import type { Expiration } from '@ledgerline/credits/core';
import { type Db, decimal, toNumeric, type Tx } from '@ledgerline/kernel';
import {
  instantFromDb,
  instantOrNull,
  instantToDb,
  jsonOrNull,
  managerOf,
  pageOf,
  whereOf,
} from '@ledgerline/platform/postgres';
import type { Annotations, Entitlement, EntitlementGrant, Metadata } from '../core/entitlement.js';
import type { GrantListQuery, GrantStore, Page } from '../core/ports.js';
import { minute, optionalMinute, placeholders, recurrenceFromDb } from './columns.js';

/** A row of `grants`, as pg delivers it. */
interface GrantRow {
  readonly id: string;
  readonly entitlement_id: string;
  readonly amount: string;
  readonly priority: number;
  readonly effective_at: Date;
  readonly expiration: Expiration | null;
  readonly expires_at: Date | null;
  readonly recurrence_interval: string | null;
  readonly recurrence_anchor: Date | null;
  readonly min_rollover: string;
  readonly max_rollover: string;
  readonly metadata: Metadata | null;
  readonly annotations: Annotations | null;
  readonly voided_at: Date | null;
  readonly deleted_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const columns = `namespace, id, entitlement_id, amount, priority, effective_at, expiration, expires_at,
  recurrence_interval, recurrence_anchor, min_rollover, max_rollover, metadata, annotations, voided_at, deleted_at,
  created_at, updated_at`;
const select = `SELECT ${columns} FROM grants WHERE namespace = $1`;
// A statement takes 65,535 parameters; a grant has 18.
const grantsPerStatement = 1_000;

const orderColumns: Readonly<Record<GrantListQuery['orderBy'], string>> = {
  id: 'id',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  effectiveAt: 'effective_at',
};

export class PostgresGrantStore implements GrantStore {
  async find(db: Db, id: string): Promise<EntitlementGrant | undefined> {
    return (await many(db, `${select} AND id = $2`, [id]))[0];
  }

  async findOf(db: Db, entitlementIds: readonly string[]): Promise<readonly EntitlementGrant[]> {
    if (entitlementIds.length === 0) return [];
    return many(db, `${select} AND entitlement_id = ANY($2)`, [entitlementIds]);
  }

  async count(db: Db, entitlementId: string): Promise<number> {
    const [count]: { total: number }[] = await managerOf(db).query(
      'SELECT count(*)::int AS total FROM grants WHERE namespace = $1 AND entitlement_id = $2',
      [db.namespace, entitlementId],
    );
    return count?.total ?? 0;
  }

  async insert(tx: Tx, grants: readonly EntitlementGrant[]): Promise<void> {
    for (let at = 0; at < grants.length; at += grantsPerStatement) {
      const rows = grants
        .slice(at, at + grantsPerStatement)
        .map((grant) => [tx.namespace, ...valuesOf(grant)]);
      const width = rows[0]?.length ?? 0;
      await managerOf(tx).query(
        `INSERT INTO grants (${columns}) VALUES ${placeholders(rows.length, width)}`,
        rows.flat(),
      );
    }
  }

  async void(tx: Tx, grant: EntitlementGrant): Promise<void> {
    await managerOf(tx).query(
      'UPDATE grants SET voided_at = $3, updated_at = $4 WHERE namespace = $1 AND id = $2',
      [tx.namespace, grant.id, instantOrNull(grant.voidedAt), instantToDb(grant.updatedAt)],
    );
  }

  async deleteOf(tx: Tx, { id, deletedAt }: Entitlement): Promise<void> {
    const at = instantOrNull(deletedAt);
    await managerOf(tx).query(
      `UPDATE grants SET deleted_at = date_trunc('minute', $3::timestamptz, 'UTC'), updated_at = $3
       WHERE namespace = $1 AND entitlement_id = $2`,
      [tx.namespace, id, at],
    );
  }

  async list(db: Db, query: GrantListQuery): Promise<Page<EntitlementGrant>> {
    const where = whereOf(db);
    const { clauses, bind } = where;
    if (query.entitlementId !== undefined) clauses.push(`entitlement_id = ${bind(query.entitlementId)}`);
    const owners: string[] = [];
    if (query.customerIds) owners.push(`customer_id = ANY(${bind(query.customerIds)})`);
    if (query.features) {
      const features = bind(query.features);
      owners.push(`(feature_id = ANY(${features}) OR feature_key = ANY(${features}))`);
    }
    if (owners.length > 0) {
      clauses.push(
        `entitlement_id IN (SELECT id FROM entitlements WHERE namespace = $1 AND ${owners.join(' AND ')})`,
      );
    }
    if (!query.includeDeleted) clauses.push('deleted_at IS NULL');
    return pageOf(db, where, {
      select: columns,
      table: 'grants',
      orderBy: orderColumns[query.orderBy],
      descending: query.descending,
      limit: query.limit,
      offset: query.offset,
      fromDb: grantFromDb,
    });
  }
}

async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly EntitlementGrant[]> {
  const rows: GrantRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
  return rows.map(grantFromDb);
}

const valuesOf = (grant: EntitlementGrant): readonly unknown[] => [
  grant.id,
  grant.entitlementId,
  toNumeric(grant.amount),
  grant.priority,
  instantToDb(grant.effectiveAt),
  jsonOrNull(grant.expiration),
  instantOrNull(grant.expiresAt),
  grant.recurrence?.interval.toString() ?? null,
  instantOrNull(grant.recurrence?.anchor),
  toNumeric(grant.minRollover),
  toNumeric(grant.maxRollover),
  jsonOrNull(grant.metadata),
  jsonOrNull(grant.annotations),
  instantOrNull(grant.voidedAt),
  instantOrNull(grant.deletedAt),
  instantToDb(grant.createdAt),
  instantToDb(grant.updatedAt),
];

const grantFromDb = (row: GrantRow): EntitlementGrant => ({
  id: row.id,
  entitlementId: row.entitlement_id,
  amount: decimal(row.amount),
  priority: row.priority,
  effectiveAt: minute(row.effective_at),
  expiration: row.expiration ?? undefined,
  expiresAt: optionalMinute(row.expires_at),
  recurrence: recurrenceFromDb(row.recurrence_interval, row.recurrence_anchor),
  minRollover: decimal(row.min_rollover),
  maxRollover: decimal(row.max_rollover),
  metadata: row.metadata ?? undefined,
  annotations: row.annotations ?? undefined,
  voidedAt: optionalMinute(row.voided_at),
  deletedAt: optionalMinute(row.deleted_at),
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
});
