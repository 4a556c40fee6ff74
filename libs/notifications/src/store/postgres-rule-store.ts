import type { Threshold, ThresholdType } from '@ledgerline/credits/core';
import { type Db, decimal, toNumeric, type Tx } from '@ledgerline/kernel';
import {
  instantFromDb,
  instantOrNull,
  instantToDb,
  jsonOrNull,
  managerOf,
  optionalInstant,
  pageOf,
  whereOf,
} from '@ledgerline/platform/postgres';
import type { Metadata } from '../core/channel.js';
import type { Page, RuleListQuery, RuleStore } from '../core/ports.js';
import type { Rule, RuleType } from '../core/rule.js';

interface RuleRow {
  readonly namespace: string;
  readonly id: string;
  readonly type: RuleType;
  readonly name: string;
  readonly disabled: boolean;
  readonly awake_since: Date | null;
  readonly channel_ids: readonly string[];
  readonly features: readonly string[] | null;
  readonly thresholds: readonly (readonly [ThresholdType, string])[] | null;
  readonly metadata: Metadata | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

const columns = `namespace, id, type, name, disabled, awake_since, channel_ids, features, thresholds, metadata, created_at,
  updated_at, deleted_at`;
const select = `SELECT ${columns} FROM notification_rules WHERE namespace = $1`;
const orders = { id: 'id', type: 'type', createdAt: 'created_at', updatedAt: 'updated_at' } as const;

export class PostgresRuleStore implements RuleStore {
  async find(db: Db, id: string): Promise<Rule | undefined> {
    return (await many(db, `${select} AND id = $2`, [id]))[0];
  }

  findMany(db: Db, ids: readonly string[]): Promise<readonly Rule[]> {
    return many(db, `${select} AND id = ANY($2)`, [ids]);
  }

  async findForChange(tx: Tx, id: string): Promise<Rule | undefined> {
    return (await many(tx, `${select} AND id = $2 FOR UPDATE`, [id]))[0];
  }

  findAwake(db: Db, types: readonly RuleType[]): Promise<readonly Rule[]> {
    return many(db, `${select} AND type = ANY($2) AND deleted_at IS NULL AND NOT disabled ORDER BY id`, [
      types,
    ]);
  }

  async idsOfChannel(db: Db, channelId: string): Promise<readonly string[]> {
    const rows: { id: string }[] = await managerOf(db).query(
      `SELECT id FROM notification_rules WHERE namespace = $1 AND channel_ids @> ARRAY[$2::text] AND deleted_at IS NULL
       ORDER BY id`,
      [db.namespace, channelId],
    );
    return rows.map(({ id }) => id);
  }

  async insert(tx: Tx, rule: Rule): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO notification_rules (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      valuesOf(rule),
    );
  }

  async update(tx: Tx, rule: Rule): Promise<void> {
    await managerOf(tx).query(
      `UPDATE notification_rules SET type = $3, name = $4, disabled = $5, awake_since = $6, channel_ids = $7,
         features = $8, thresholds = $9, metadata = $10, created_at = $11, updated_at = $12, deleted_at = $13
       WHERE namespace = $1 AND id = $2`,
      valuesOf(rule),
    );
  }

  list(db: Db, query: RuleListQuery): Promise<Page<Rule>> {
    const where = whereOf(db);
    if (!query.includeDeleted) where.clauses.push('deleted_at IS NULL');
    // A deleted rule is disabled too, and is asked for by `includeDeleted`.
    if (!query.includeDisabled) where.clauses.push('(NOT disabled OR deleted_at IS NOT NULL)');
    if (query.features) where.clauses.push(`features && ${where.bind(query.features)}::text[]`);
    if (query.channelIds) where.clauses.push(`channel_ids && ${where.bind(query.channelIds)}::text[]`);
    const orderBy = orders[query.orderBy];
    return pageOf(db, where, {
      ...query,
      select: columns,
      table: 'notification_rules',
      orderBy,
      fromDb: ruleFromDb,
    });
  }
}

async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Rule[]> {
  const rows: RuleRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
  return rows.map(ruleFromDb);
}

const valuesOf = (rule: Rule): unknown[] => [
  rule.namespace,
  rule.id,
  rule.type,
  rule.name,
  rule.disabled,
  instantOrNull(rule.awakeSince),
  rule.channelIds,
  rule.features ?? null,
  jsonOrNull(rule.thresholds?.map(({ type, value }) => [type, toNumeric(value)])),
  jsonOrNull(rule.metadata),
  instantToDb(rule.createdAt),
  instantToDb(rule.updatedAt),
  instantOrNull(rule.deletedAt),
];

const ruleFromDb = (row: RuleRow): Rule => ({
  id: row.id,
  namespace: row.namespace,
  type: row.type,
  name: row.name,
  disabled: row.disabled,
  awakeSince: optionalInstant(row.awake_since),
  channelIds: row.channel_ids,
  features: row.features ?? undefined,
  thresholds: row.thresholds?.map(([type, value]): Threshold => ({ type, value: decimal(value) })),
  metadata: row.metadata ?? undefined,
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: optionalInstant(row.deleted_at),
});
