import {
  type Db,
  decimal,
  type Instant,
  instant,
  invariant,
  refusal,
  Refused,
  toNumeric,
  type Tx,
} from '@ledgerline/kernel';
import {
  instantFromDb,
  instantOrNull,
  instantToDb,
  jsonOrNull,
  managerOf,
  optionalInstant,
  pageOf,
  sqlStateOf,
  whereOf,
} from '@ledgerline/platform/postgres';
import type { Entitlement, Metadata } from '../core/entitlement.js';
import type {
  EntitlementLife,
  EntitlementListQuery,
  EntitlementStore,
  Page,
  UsageReset,
} from '../core/ports.js';
import { minute, placeholders, recurrenceFromDb } from './columns.js';

/** A row of `entitlements`, as pg delivers it. */
interface EntitlementRow {
  readonly namespace: string;
  readonly id: string;
  readonly type: Entitlement['type'];
  readonly customer_id: string;
  readonly feature_id: string;
  readonly feature_key: string;
  readonly meter_id: string | null;
  readonly metadata: Metadata | null;
  readonly subscription_id: string | null;
  readonly subscription_item_id: string | null;
  readonly active_from: Date;
  readonly active_to: Date | null;
  readonly usage_interval: string | null;
  readonly usage_anchor: Date | null;
  readonly measure_usage_from: Date | null;
  readonly is_soft_limit: boolean | null;
  readonly issue_amount: string | null;
  readonly issue_priority: number | null;
  readonly preserve_overage_at_reset: boolean | null;
  readonly config: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
  readonly resets: readonly (readonly [string, string, boolean | null])[] | null;
}

const columns = `namespace, id, type, customer_id, feature_id, feature_key, meter_id, metadata, subscription_id,
  subscription_item_id, active_from, active_to, usage_interval, usage_anchor, measure_usage_from, is_soft_limit,
  issue_amount, issue_priority, preserve_overage_at_reset, config, created_at, updated_at, deleted_at`;
// With the entitlement, because no usage period of it is known without them.
const shown = `${columns}, (
    SELECT json_agg(json_build_array(r.effective_at, r.anchor, r.preserve_overage) ORDER BY r.effective_at, r.recorded_at, r.id)
    FROM usage_resets r WHERE r.namespace = entitlements.namespace AND r.entitlement_id = entitlements.id
  ) AS resets`;
const select = `SELECT ${shown} FROM entitlements WHERE namespace = $1`;
const activeAt = (parameter: string): string =>
  `deleted_at IS NULL AND active_from <= ${parameter} AND (active_to IS NULL OR ${parameter} < active_to)`;
// Exclusion constraint violated: two lives of one feature would overlap.
const overlap = '23P01';

export class PostgresEntitlementStore implements EntitlementStore {
  async find(db: Db, id: string): Promise<Entitlement | undefined> {
    return (await many(db, `${select} AND id = $2 AND deleted_at IS NULL`, [id]))[0];
  }

  async findMany(db: Db, ids: readonly string[]): Promise<readonly Entitlement[]> {
    return ids.length === 0 ? [] : many(db, `${select} AND id = ANY($2)`, [ids]);
  }

  async findActive(
    db: Db,
    customerId: string,
    featureKey: string,
    at: Instant,
  ): Promise<Entitlement | undefined> {
    const sql = `${select} AND customer_id = $2 AND feature_key = $3 AND ${activeAt('$4')}`;
    return (await many(db, sql, [customerId, featureKey, instantToDb(at)]))[0];
  }

  async findAllActive(db: Db, customerId: string, at: Instant): Promise<readonly Entitlement[]> {
    const sql = `${select} AND customer_id = $2 AND ${activeAt('$3')} ORDER BY feature_key`;
    return many(db, sql, [customerId, instantToDb(at)]);
  }

  async findOverlapping(tx: Tx, life: EntitlementLife): Promise<Entitlement | undefined> {
    const found = await many(
      tx,
      `${select} AND customer_id = $2 AND feature_key = $3 AND id <> $4 AND deleted_at IS NULL
         AND (active_to IS NULL OR active_to > active_from)
         AND tstzrange(active_from, active_to) && tstzrange($5, $6)
       ORDER BY active_from LIMIT 1`,
      [life.customerId, life.featureKey, life.id, instantToDb(life.activeFrom), instantOrNull(life.activeTo)],
    );
    return found[0];
  }

  async lock(tx: Tx, id: string): Promise<Entitlement | undefined> {
    return (await many(tx, `${select} AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`, [id]))[0];
  }

  async insert(tx: Tx, entitlement: Entitlement): Promise<void> {
    const values = valuesOf(entitlement);
    await alone(() =>
      managerOf(tx).query(`INSERT INTO entitlements (${columns}) VALUES ${placeholders(1, values.length)}`, [
        ...values,
      ]),
    );
  }

  async update(tx: Tx, { namespace, id, activeTo, updatedAt, deletedAt }: Entitlement): Promise<void> {
    await alone(() =>
      managerOf(tx).query(
        `UPDATE entitlements SET active_to = $3, updated_at = $4, deleted_at = $5 WHERE namespace = $1 AND id = $2`,
        [namespace, id, instantOrNull(activeTo), instantToDb(updatedAt), instantOrNull(deletedAt)],
      ),
    );
  }

  async addReset(tx: Tx, entitlementId: string, reset: UsageReset): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO usage_resets (namespace, id, entitlement_id, effective_at, anchor, preserve_overage, recorded_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        tx.namespace,
        reset.id,
        entitlementId,
        instantToDb(reset.from),
        instantToDb(reset.anchor),
        reset.preserveOverage ?? null,
        instantToDb(tx.at),
      ],
    );
  }

  async list(db: Db, query: EntitlementListQuery): Promise<Page<Entitlement>> {
    const where = whereOf(db);
    const { clauses, bind } = where;
    if (query.customerIds) clauses.push(`customer_id = ANY(${bind(query.customerIds)})`);
    if (query.features) {
      const features = bind(query.features);
      clauses.push(`(feature_id = ANY(${features}) OR feature_key = ANY(${features}))`);
    }
    if (query.types) clauses.push(`type = ANY(${bind(query.types)})`);
    const living = query.activeAt ? activeAt(bind(instantToDb(query.activeAt))) : 'deleted_at IS NULL';
    clauses.push(query.includeDeleted ? `((${living}) OR deleted_at IS NOT NULL)` : living);
    return pageOf(db, where, {
      select: shown,
      table: 'entitlements',
      orderBy: query.orderBy === 'updatedAt' ? 'updated_at' : 'created_at',
      descending: query.descending,
      limit: query.limit,
      offset: query.offset,
      fromDb: entitlementFromDb,
    });
  }

  async countOnMeter(db: Db, meterId: string, now: Instant): Promise<number> {
    const [count]: { total: number }[] = await managerOf(db).query(
      `SELECT count(*)::int AS total FROM entitlements WHERE namespace = $1 AND meter_id = $2 AND deleted_at IS NULL
         AND (active_to IS NULL OR active_to > greatest($3, active_from))`,
      [db.namespace, meterId, instantToDb(now)],
    );
    return count?.total ?? 0;
  }
}

async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Entitlement[]> {
  const rows: EntitlementRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
  return rows.map(entitlementFromDb);
}

/** Whoever came first while we decided is known to the constraint only. */
async function alone(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (sqlStateOf(error) !== overlap) throw error;
    throw new Refused(
      refusal.conflict('an entitlement for the same feature and customer was made at the same time'),
    );
  }
}

function valuesOf(entitlement: Entitlement): readonly unknown[] {
  const metered = entitlement.type === 'metered' ? entitlement : undefined;
  const { usagePeriod, managedBy } = entitlement;
  return [
    entitlement.namespace,
    entitlement.id,
    entitlement.type,
    entitlement.customerId,
    entitlement.featureId,
    entitlement.featureKey,
    metered?.meterId ?? null,
    jsonOrNull(entitlement.metadata),
    managedBy?.subscriptionId ?? null,
    managedBy?.itemId ?? null,
    instantToDb(entitlement.activeFrom),
    instantOrNull(entitlement.activeTo),
    usagePeriod?.interval.toString() ?? null,
    instantOrNull(usagePeriod?.anchor),
    instantOrNull(metered?.measureUsageFrom),
    metered?.isSoftLimit ?? null,
    metered?.issue === undefined ? null : toNumeric(metered.issue.amount),
    metered?.issue?.priority ?? null,
    metered?.preserveOverageAtReset ?? null,
    entitlement.type === 'static' ? entitlement.config : null,
    instantToDb(entitlement.createdAt),
    instantToDb(entitlement.updatedAt),
    instantOrNull(entitlement.deletedAt),
  ];
}

function entitlementFromDb(row: EntitlementRow): Entitlement {
  const usagePeriod = recurrenceFromDb(row.usage_interval, row.usage_anchor);
  const base = {
    id: row.id,
    namespace: row.namespace,
    customerId: row.customer_id,
    featureId: row.feature_id,
    featureKey: row.feature_key,
    metadata: row.metadata ?? undefined,
    managedBy:
      row.subscription_id === null || row.subscription_item_id === null
        ? undefined
        : { subscriptionId: row.subscription_id, itemId: row.subscription_item_id },
    activeFrom: instantFromDb(row.active_from),
    activeTo: optionalInstant(row.active_to),
    createdAt: instantFromDb(row.created_at),
    updatedAt: instantFromDb(row.updated_at),
    deletedAt: optionalInstant(row.deleted_at),
  };
  if (row.type === 'boolean') return { ...base, type: 'boolean', usagePeriod };
  if (row.type === 'static') return { ...base, type: 'static', config: row.config ?? 'null', usagePeriod };
  const { meter_id: meterId, measure_usage_from: measureUsageFrom } = row;
  invariant(
    meterId !== null && measureUsageFrom !== null && usagePeriod !== undefined,
    `the metered entitlement ${row.id} has a meter and usage periods`,
  );
  return {
    ...base,
    type: 'metered',
    meterId,
    usagePeriod,
    measureUsageFrom: minute(measureUsageFrom),
    isSoftLimit: row.is_soft_limit === true,
    issue:
      row.issue_amount === null
        ? undefined
        : { amount: decimal(row.issue_amount), priority: row.issue_priority ?? 1 },
    preserveOverageAtReset: row.preserve_overage_at_reset === true,
    resets: (row.resets ?? []).map(([from, anchor, preserveOverage]) => ({
      from: instant(from),
      anchor: instant(anchor),
      interval: usagePeriod.interval,
      ...(preserveOverage !== null && { preserveOverage }),
    })),
  };
}
