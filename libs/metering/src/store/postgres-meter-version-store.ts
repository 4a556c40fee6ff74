import type { Db } from '@ledgerline/kernel';
import type { DataSource } from 'typeorm';
import { managerOf } from '@ledgerline/platform/postgres';
import type { MeterVersion } from '../core/meter.js';
import type { IncludedVersion, LiveFrom, MeterSet, MeterVersionStore } from '../core/ports.js';
import { aggregationFromDb, type GroupPair, groupByFromDb, pathFromDb } from './meter-rows.js';

interface SetRow {
  readonly generation: string;
  readonly namespace: string | null;
  readonly meter_id: string;
  readonly version: number;
  readonly group_by: readonly GroupPair[];
  readonly since_generation: string;
  readonly complete: boolean;
  readonly event_type: string;
  readonly aggregation: string;
  readonly value_property: string | null;
}

/** Progress of readings, for the builder: it serves all namespaces, so it speaks to the pool and not to one of them. */
export class PostgresMeterVersionStore implements MeterVersionStore {
  constructor(private readonly source: DataSource) {}

  async generation(): Promise<bigint> {
    const [row]: { generation: string }[] = await this.source.query(
      `SELECT generation FROM meter_generations`,
    );
    return BigInt(row?.generation ?? 0);
  }

  async meterSet(): Promise<MeterSet> {
    // One statement, one snapshot: the generation and what belongs to it.
    const rows: SetRow[] = await this.source.query(
      `SELECT g.generation, v.namespace, v.meter_id, v.version, v.group_by, v.since_generation,
         v.completed_at IS NOT NULL AS complete, m.event_type, m.aggregation, m.value_property
       FROM meter_generations g
       LEFT JOIN meter_versions v ON v.until_generation IS NULL
       LEFT JOIN meters m ON m.namespace = v.namespace AND m.id = v.meter_id
       ORDER BY v.meter_id, v.version`,
    );
    return {
      generation: BigInt(rows[0]?.generation ?? 0),
      versions: rows.flatMap((row) => (row.namespace === null ? [] : [includedFromDb(row, row.namespace)])),
    };
  }

  async newestComplete(
    db: Db,
    meterId: string,
  ): Promise<{ version: MeterVersion | undefined; generation: bigint }> {
    const [row]: { generation: string; version: number | null; group_by: readonly GroupPair[] }[] =
      await managerOf(db).query(
        `SELECT g.generation, v.version, v.group_by FROM meter_generations g
         LEFT JOIN LATERAL (
           SELECT version, group_by FROM meter_versions
           WHERE namespace = $1 AND meter_id = $2 AND completed_at IS NOT NULL AND until_generation IS NULL
           ORDER BY version DESC LIMIT 1
         ) v ON true`,
        [db.namespace, meterId],
      );
    return {
      generation: BigInt(row?.generation ?? 0),
      version:
        row === undefined || row.version === null
          ? undefined
          : { version: row.version, groupBy: groupByFromDb(row.group_by), complete: true },
    };
  }

  async raiseLiveFrom(versions: readonly IncludedVersion[], from: readonly LiveFrom[]): Promise<void> {
    if (versions.length === 0 || from.length === 0) return;
    await this.source.query(
      `INSERT INTO meter_version_partitions (namespace, meter_id, version, kafka_partition, live_from)
       SELECT v.namespace, v.meter_id, v.version, p.kafka_partition, p.live_from
       FROM unnest($1::text[], $2::text[], $3::int[]) AS v (namespace, meter_id, version)
       CROSS JOIN unnest($4::int[], $5::bigint[]) AS p (kafka_partition, live_from)
       ON CONFLICT (meter_id, version, kafka_partition)
       DO UPDATE SET live_from = GREATEST(meter_version_partitions.live_from, EXCLUDED.live_from)`,
      [
        versions.map(({ extraction }) => extraction.namespace),
        versions.map(({ extraction }) => extraction.meterId),
        versions.map(({ extraction }) => extraction.version),
        from.map(({ partition }) => partition),
        from.map(({ offset }) => offset),
      ],
    );
  }

  async liveFrom(meterId: string, version: number): Promise<readonly LiveFrom[]> {
    const rows: { kafka_partition: number; live_from: string }[] = await this.source.query(
      `SELECT kafka_partition, live_from FROM meter_version_partitions WHERE meter_id = $1 AND version = $2
       ORDER BY kafka_partition`,
      [meterId, version],
    );
    return rows.map((row) => ({ partition: row.kafka_partition, offset: Number(row.live_from) }));
  }

  async complete(meterId: string, version: number): Promise<void> {
    // Older versions leave the set in the same step, so no query can find two newest ones. Without any the set stays what
    // it is, and so does the generation.
    await this.source.query(
      `WITH raised AS (
         UPDATE meter_generations SET generation = generation + 1
         WHERE EXISTS (SELECT FROM meter_versions WHERE meter_id = $1 AND version < $2 AND until_generation IS NULL)
         RETURNING generation
       ),
       completed AS (
         UPDATE meter_versions SET completed_at = clock_timestamp()
         WHERE meter_id = $1 AND version = $2 AND completed_at IS NULL
       )
       UPDATE meter_versions SET until_generation = raised.generation FROM raised
       WHERE meter_id = $1 AND version < $2 AND until_generation IS NULL`,
      [meterId, version],
    );
  }
}

const includedFromDb = (row: SetRow, namespace: string): IncludedVersion => ({
  sinceGeneration: BigInt(row.since_generation),
  complete: row.complete,
  extraction: {
    namespace,
    meterId: row.meter_id,
    version: row.version,
    eventType: row.event_type,
    aggregation: aggregationFromDb(row.aggregation),
    valueProperty: row.value_property === null ? undefined : pathFromDb(row.value_property),
    groupBy: groupByFromDb(row.group_by),
  },
});
