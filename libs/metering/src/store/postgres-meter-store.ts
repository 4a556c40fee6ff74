import { type Db, Refused, type Tx } from '@ledgerline/kernel';
import { instantToDb, isUniqueViolation, managerOf } from '@ledgerline/platform/postgres';
import { slugConflict } from '../core/decide-meter.js';
import type { Meter } from '../core/meter.js';
import type { MeterListQuery, MeterOrder, MeterStore } from '../core/ports.js';
import { groupByToDb, meterFromDb, type MeterRow } from './meter-rows.js';

const columns = `namespace, id, slug, name, description, metadata, aggregation, event_type, event_from, value_property,
  group_by, version, created_at, updated_at, deleted_at`;

const orderColumns: Readonly<Record<MeterOrder, string>> = {
  key: 'slug',
  name: 'name',
  aggregation: 'aggregation',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
};

// An id wins over a slug of the same text, so the row found by id comes first.
const findSql = `SELECT ${columns} FROM meters
  WHERE namespace = $1 AND (id = $2 OR (slug = $2 AND deleted_at IS NULL))
  ORDER BY (id = $2) DESC LIMIT 1`;

export class PostgresMeterStore implements MeterStore {
  async find(db: Db, idOrSlug: string): Promise<Meter | undefined> {
    return this.one(db, findSql, idOrSlug);
  }

  async findLive(db: Db, slug: string): Promise<Meter | undefined> {
    return this.one(
      db,
      `SELECT ${columns} FROM meters WHERE namespace = $1 AND slug = $2 AND deleted_at IS NULL`,
      slug,
    );
  }

  async findForChange(tx: Tx, idOrSlug: string): Promise<Meter | undefined> {
    return this.one(tx, `${findSql} FOR UPDATE`, idOrSlug);
  }

  async lockSet(tx: Tx): Promise<void> {
    await managerOf(tx).query('SELECT generation FROM meter_generations FOR UPDATE');
  }

  async list(db: Db, query: MeterListQuery): Promise<readonly Meter[]> {
    const direction = query.descending ? 'DESC' : 'ASC';
    const rows: MeterRow[] = await managerOf(db).query(
      `SELECT ${columns} FROM meters WHERE namespace = $1 AND ($2 OR deleted_at IS NULL)
       ORDER BY ${orderColumns[query.orderBy]} ${direction}, id ${direction} LIMIT $3 OFFSET $4`,
      [db.namespace, query.includeDeleted, query.limit, query.offset],
    );
    return rows.map(meterFromDb);
  }

  async insert(tx: Tx, meter: Meter): Promise<void> {
    try {
      await managerOf(tx).query(
        `INSERT INTO meters (${columns})
         VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11::jsonb, $12, $13, $14, NULL)`,
        [
          meter.namespace,
          meter.id,
          meter.slug,
          meter.name,
          meter.description ?? null,
          metadataToDb(meter),
          meter.aggregation,
          meter.eventType,
          meter.eventFrom === undefined ? null : instantToDb(meter.eventFrom),
          meter.valueProperty?.text ?? null,
          groupByToDb(meter.groupBy),
          meter.version,
          instantToDb(meter.createdAt),
          instantToDb(meter.updatedAt),
        ],
      );
    } catch (error) {
      if (isUniqueViolation(error, 'meters_live_slug')) throw new Refused(slugConflict());
      throw error;
    }
    await this.addVersion(tx, meter);
  }

  async update(tx: Tx, meter: Meter, newVersion: boolean): Promise<void> {
    await managerOf(tx).query(
      `UPDATE meters SET name = $3, description = $4, metadata = $5::jsonb, group_by = $6::jsonb, version = $7, updated_at = $8
       WHERE namespace = $1 AND id = $2`,
      [
        meter.namespace,
        meter.id,
        meter.name,
        meter.description ?? null,
        metadataToDb(meter),
        groupByToDb(meter.groupBy),
        meter.version,
        instantToDb(meter.updatedAt),
      ],
    );
    if (newVersion) await this.addVersion(tx, meter);
  }

  async delete(tx: Tx, meter: Meter): Promise<void> {
    const manager = managerOf(tx);
    await manager.query(
      `UPDATE meters SET deleted_at = $3, updated_at = $4 WHERE namespace = $1 AND id = $2 AND deleted_at IS NULL`,
      [
        meter.namespace,
        meter.id,
        meter.deletedAt === undefined ? null : instantToDb(meter.deletedAt),
        instantToDb(meter.updatedAt),
      ],
    );
    await manager.query(
      `${raiseGeneration} UPDATE meter_versions SET until_generation = (SELECT generation FROM raised)
       WHERE namespace = $1 AND meter_id = $2 AND until_generation IS NULL`,
      [meter.namespace, meter.id],
    );
  }

  private async addVersion(tx: Tx, meter: Meter): Promise<void> {
    await managerOf(tx).query(
      `${raiseGeneration} INSERT INTO meter_versions (namespace, meter_id, version, group_by, since_generation, created_at)
       SELECT $1, $2, $3, $4::jsonb, generation, $5 FROM raised`,
      [meter.namespace, meter.id, meter.version, groupByToDb(meter.groupBy), instantToDb(meter.updatedAt)],
    );
  }

  private async one(db: Db, sql: string, key: string): Promise<Meter | undefined> {
    const [row]: MeterRow[] = await managerOf(db).query(sql, [db.namespace, key]);
    return row === undefined ? undefined : meterFromDb(row);
  }
}

const metadataToDb = (meter: Meter): string | null =>
  meter.metadata === undefined ? null : JSON.stringify(meter.metadata);

/** Locks the counter until the transaction ends: generations become visible in the order of their numbers. */
const raiseGeneration = `WITH raised AS (
  UPDATE meter_generations SET generation = generation + 1 RETURNING generation
)`;
