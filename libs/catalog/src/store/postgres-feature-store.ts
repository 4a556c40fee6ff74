import { type Db, Refused, type Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, isUniqueViolation, managerOf } from '@ledgerline/platform/postgres';
import { featureKeyConflict } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import { unitCostFromJson, type UnitCostJson, unitCostToJson } from '../core/unit-cost.js';
import type { FeatureListQuery, FeatureOrder, FeaturePage, FeatureStore } from '../core/ports.js';

/** A row of `features`, as pg delivers it. */
interface FeatureRow {
  readonly namespace: string;
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly meter_id: string | null;
  readonly meter_slug: string | null;
  readonly filters: Feature['filters'] | null;
  readonly unit_cost: UnitCostJson | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly archived_at: Date | null;
}

const columns =
  'namespace, id, key, name, metadata, meter_id, meter_slug, filters, unit_cost, created_at, updated_at, archived_at';

const orderColumns: Readonly<Record<FeatureOrder, string>> = {
  id: 'id',
  key: 'key',
  name: 'name',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
};

// An id wins over a key of the same text, so the row found by id comes first.
const findSql = `SELECT ${columns} FROM features
  WHERE namespace = $1 AND (id = $2 OR (key = $2 AND archived_at IS NULL))
  ORDER BY (id = $2) DESC LIMIT 1`;
const select = `SELECT ${columns} FROM features WHERE namespace = $1`;

export class PostgresFeatureStore implements FeatureStore {
  async find(db: Db, idOrKey: string): Promise<Feature | undefined> {
    return (await many(db, findSql, [idOrKey]))[0];
  }

  async findActiveByKey(db: Db, key: string): Promise<Feature | undefined> {
    return (await this.findActiveByKeys(db, [key]))[0];
  }

  async findMany(db: Db, ids: readonly string[]): Promise<readonly Feature[]> {
    return ids.length === 0 ? [] : many(db, `${select} AND id = ANY($2)`, [ids]);
  }

  async findActiveByKeys(db: Db, keys: readonly string[]): Promise<readonly Feature[]> {
    return keys.length === 0 ? [] : many(db, `${select} AND key = ANY($2) AND archived_at IS NULL`, [keys]);
  }

  async findActiveOfMeter(db: Db, meterId: string): Promise<readonly Feature[]> {
    return many(db, `${select} AND meter_id = $2 AND archived_at IS NULL`, [meterId]);
  }

  async findForChange(tx: Tx, idOrKey: string): Promise<Feature | undefined> {
    return (await many(tx, `${findSql} FOR UPDATE`, [idOrKey]))[0];
  }

  async hold(tx: Tx, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // In order, so that two transactions that hold the same features cannot wait for each other.
    await many(tx, `${select} AND id = ANY($2) ORDER BY id FOR SHARE`, [ids]);
  }

  async insert(tx: Tx, feature: Feature): Promise<void> {
    try {
      await managerOf(tx).query(
        `INSERT INTO features (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL)`,
        [
          feature.namespace,
          feature.id,
          feature.key,
          feature.name,
          feature.metadata === undefined ? null : JSON.stringify(feature.metadata),
          feature.meterId ?? null,
          feature.meterSlug ?? null,
          feature.filters === undefined ? null : JSON.stringify(feature.filters),
          feature.unitCost === undefined ? null : JSON.stringify(unitCostToJson(feature.unitCost)),
          instantToDb(feature.createdAt),
          instantToDb(feature.updatedAt),
        ],
      );
    } catch (error) {
      if (isUniqueViolation(error, 'features_live_key')) throw new Refused(featureKeyConflict(feature.key));
      throw error;
    }
  }

  async archive(tx: Tx, feature: Feature): Promise<void> {
    await managerOf(tx).query(
      'UPDATE features SET archived_at = $3, updated_at = $4 WHERE namespace = $1 AND id = $2',
      [
        feature.namespace,
        feature.id,
        feature.archivedAt === undefined ? null : instantToDb(feature.archivedAt),
        instantToDb(feature.updatedAt),
      ],
    );
  }

  async list(db: Db, query: FeatureListQuery): Promise<FeaturePage> {
    const where = `namespace = $1 AND ($2 OR archived_at IS NULL) AND ($3::text[] IS NULL OR meter_slug = ANY($3))`;
    const filters = [query.includeArchived, query.meterSlugs ?? null];
    const direction = query.descending ? 'DESC' : 'ASC';
    const items = await many(
      db,
      `SELECT ${columns} FROM features WHERE ${where}
       ORDER BY ${orderColumns[query.orderBy]} ${direction}, id ${direction} LIMIT $4 OFFSET $5`,
      [...filters, query.limit, query.offset],
    );
    const [count]: { total: number }[] = await managerOf(db).query(
      `SELECT count(*)::int AS total FROM features WHERE ${where}`,
      [db.namespace, ...filters],
    );
    return { items, totalCount: count?.total ?? 0 };
  }
}

async function many(db: Db, sql: string, values: readonly unknown[]): Promise<readonly Feature[]> {
  const rows: FeatureRow[] = await managerOf(db).query(sql, [db.namespace, ...values]);
  return rows.map(featureFromDb);
}

const featureFromDb = (row: FeatureRow): Feature => ({
  id: row.id,
  namespace: row.namespace,
  key: row.key,
  name: row.name,
  metadata: row.metadata ?? undefined,
  meterId: row.meter_id ?? undefined,
  meterSlug: row.meter_slug ?? undefined,
  filters: row.filters ?? undefined,
  unitCost: row.unit_cost === null ? undefined : unitCostFromJson(row.unit_cost),
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  archivedAt: row.archived_at === null ? undefined : instantFromDb(row.archived_at),
});
