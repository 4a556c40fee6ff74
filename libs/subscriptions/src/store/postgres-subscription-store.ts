import { storedRateCard } from '@ledgerline/catalog/core';
import type { Db, Instant, Tx } from '@ledgerline/kernel';
import { instantOrNull, instantToDb, jsonOrNull, managerOf } from '@ledgerline/platform/postgres';
import type { SubscriptionListQuery, SubscriptionPage, SubscriptionStore } from '../core/ports.js';
import type { Item, Phase, Subscription } from '../core/subscription.js';
import type { SubscriptionStatus } from '../core/subscription-status.js';
import {
  type ItemRow,
  type PhaseRow,
  subscriptionFromDb,
  type SubscriptionRow,
} from './subscription-rows.js';

const columns = `namespace, id, customer_id, name, description, metadata, currency, billing_cadence, billing_anchor, pro_rating,
  plan_id, plan_key, plan_version, active_from, active_to, created_at, updated_at, deleted_at`;
const phaseColumns =
  'namespace, id, subscription_id, key, name, description, metadata, start_after, sort_hint, created_at';
const itemColumns = `namespace, id, subscription_id, phase_id, position, key, active_from_offset, active_to_offset, rate_card,
  feature_id, entitlement_id, created_at`;
const select = `SELECT ${columns} FROM subscriptions WHERE namespace = $1`;
const isOpen = (now: string): string => `deleted_at IS NULL AND (active_to IS NULL OR active_to > ${now})`;

const statusConditions = (now: string): Readonly<Record<SubscriptionStatus, string>> => ({
  active: `(active_from <= ${now} AND active_to IS NULL)`,
  canceled: `(active_from <= ${now} AND active_to > ${now})`,
  inactive: `(active_to <= ${now})`,
  scheduled: `(active_from > ${now})`,
});

export class PostgresSubscriptionStore implements SubscriptionStore {
  async find(db: Db, id: string): Promise<Subscription | undefined> {
    return (await many(db, `${select} AND id = $2`, [id]))[0];
  }

  findOpenOf(db: Db, customerIds: readonly string[], now: Instant): Promise<readonly Subscription[]> {
    if (customerIds.length === 0) return Promise.resolve([]);
    const sql = `${select} AND customer_id = ANY($2) AND ${isOpen('$3')} ORDER BY active_from, id`;
    return many(db, sql, [customerIds, instantToDb(now)]);
  }

  async findCustomerIdsOnPlan(db: Db, planKey: string, now: Instant): Promise<readonly string[]> {
    const rows: { customer_id: string }[] = await managerOf(db).query(
      `SELECT DISTINCT customer_id FROM subscriptions
       WHERE namespace = $1 AND plan_key = $2 AND active_from <= $3 AND ${isOpen('$3')}`,
      [db.namespace, planKey, instantToDb(now)],
    );
    return rows.map((row) => row.customer_id);
  }

  async findOpenWithFeature(
    db: Db,
    featureId: string,
    now: Instant,
  ): Promise<{ readonly id: string } | undefined> {
    const [row]: { id: string }[] = await managerOf(db).query(
      `SELECT id FROM subscriptions WHERE namespace = $1 AND ${isOpen('$3')} AND id IN
         (SELECT subscription_id FROM subscription_items WHERE namespace = $1 AND feature_id = $2) LIMIT 1`,
      [db.namespace, featureId, instantToDb(now)],
    );
    return row;
  }

  async insert(tx: Tx, subscription: Subscription): Promise<void> {
    await insertRow(tx, 'subscriptions', columns, subscriptionToDb(subscription));
    for (const phase of subscription.phases) {
      await insertRow(tx, 'subscription_phases', phaseColumns, phaseToDb(subscription, phase));
      for (const [position, item] of phase.items.entries()) {
        const values = itemToDb(subscription, { phase, position, item });
        await insertRow(tx, 'subscription_items', itemColumns, values);
      }
    }
  }

  async update(tx: Tx, subscription: Subscription): Promise<void> {
    const { namespace, id, activeTo, updatedAt, deletedAt } = subscription;
    await managerOf(tx).query(
      'UPDATE subscriptions SET active_to = $3, updated_at = $4, deleted_at = $5 WHERE namespace = $1 AND id = $2',
      [namespace, id, instantOrNull(activeTo), instantToDb(updatedAt), instantOrNull(deletedAt)],
    );
    for (const item of subscription.phases.flatMap(({ items }) => items)) {
      await managerOf(tx).query(
        `UPDATE subscription_items SET entitlement_id = $3
         WHERE namespace = $1 AND id = $2 AND entitlement_id IS DISTINCT FROM $3`,
        [namespace, item.id, item.entitlementId ?? null],
      );
    }
  }

  async list(db: Db, query: SubscriptionListQuery): Promise<SubscriptionPage> {
    const values: unknown[] = [query.customerId];
    let where = 'customer_id = $2 AND deleted_at IS NULL';
    if (query.statuses !== undefined && query.statuses.length > 0) {
      values.push(instantToDb(query.now));
      const byStatus = statusConditions('$3::timestamptz');
      where += ` AND (${query.statuses.map((status) => byStatus[status]).join(' OR ')})`;
    }
    const column = query.orderBy === 'activeFrom' ? 'active_from' : 'active_to';
    const direction = query.descending ? 'DESC' : 'ASC';
    const paging = `LIMIT $${values.length + 2} OFFSET $${values.length + 3}`;
    const items = await many(
      db,
      `${select} AND ${where} ORDER BY ${column} ${direction}, id ${direction} ${paging}`,
      [...values, query.limit, query.offset],
    );
    const [count]: { total: number }[] = await managerOf(db).query(
      `SELECT count(*)::int AS total FROM subscriptions WHERE namespace = $1 AND ${where}`,
      [db.namespace, ...values],
    );
    return { items, totalCount: count?.total ?? 0 };
  }
}

/** One query each for the subscriptions, all their phases and all their items. */
async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Subscription[]> {
  const manager = managerOf(db);
  const rows: SubscriptionRow[] = await manager.query(sql, [db.namespace, ...values]);
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const phases: PhaseRow[] = await manager.query(
    `SELECT ${phaseColumns} FROM subscription_phases
     WHERE namespace = $1 AND subscription_id = ANY($2) ORDER BY subscription_id, sort_hint, key`,
    [db.namespace, ids],
  );
  const items: ItemRow[] = await manager.query(
    `SELECT ${itemColumns} FROM subscription_items
     WHERE namespace = $1 AND subscription_id = ANY($2) ORDER BY phase_id, position`,
    [db.namespace, ids],
  );
  return rows.map((row) => {
    const own = phases.filter(({ subscription_id: id }) => id === row.id);
    return subscriptionFromDb(row, own, items);
  });
}

async function insertRow(tx: Tx, table: string, names: string, values: readonly unknown[]): Promise<void> {
  const places = values.map((_, index) => `$${index + 1}`).join(', ');
  await managerOf(tx).query(`INSERT INTO ${table} (${names}) VALUES (${places})`, [...values]);
}

const subscriptionToDb = (subscription: Subscription): readonly unknown[] => [
  subscription.namespace,
  subscription.id,
  subscription.customerId,
  subscription.name,
  subscription.description ?? null,
  jsonOrNull(subscription.metadata),
  subscription.currency,
  subscription.billingCadence.toString(),
  instantToDb(subscription.billingAnchor),
  JSON.stringify(subscription.proRating),
  subscription.plan?.id ?? null,
  subscription.plan?.key ?? null,
  subscription.plan?.version ?? null,
  instantToDb(subscription.activeFrom),
  instantOrNull(subscription.activeTo),
  instantToDb(subscription.createdAt),
  instantToDb(subscription.updatedAt),
  instantOrNull(subscription.deletedAt),
];

const phaseToDb = ({ namespace, id }: Subscription, phase: Phase): readonly unknown[] => [
  namespace,
  phase.id,
  id,
  phase.key,
  phase.name,
  phase.description ?? null,
  jsonOrNull(phase.metadata),
  phase.startAfter.toString(),
  phase.sortHint,
  instantToDb(phase.createdAt),
];

const itemToDb = (
  { namespace, id }: Subscription,
  { phase, position, item }: { readonly phase: Phase; readonly position: number; readonly item: Item },
): readonly unknown[] => [
  namespace,
  item.id,
  id,
  phase.id,
  position,
  item.key,
  item.activeFromOffset?.toString() ?? null,
  item.activeToOffset?.toString() ?? null,
  JSON.stringify(storedRateCard(item.rateCard)),
  item.rateCard.featureId ?? null,
  item.entitlementId ?? null,
  instantToDb(item.createdAt),
];
