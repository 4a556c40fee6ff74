import type { ArrivalBounds, StageMarks } from './event-ports.js';
import { Binder, type Statement } from './statement.js';

/** Rows `kind, partition, number, status` of one moment: marks of both stages, and counts that projections hold ready. */
export function planTally(namespace: string, { fromMs, toMs }: ArrivalBounds): Statement {
  const binder = new Binder();
  const arrived = 'toUnixTimestamp64Milli(ingested_at)';
  const bounds = [
    ...(fromMs === undefined ? [] : [` AND ${arrived} >= ${binder.bind('Int64', fromMs)}`]),
    ...(toMs === undefined ? [] : [` AND ${arrived} < ${binder.bind('Int64', toMs)}`]),
  ].join('');
  return binder.statement(`SELECT 'stored', kafka_partition, toInt64(max(kafka_offset) + 1), ''
    FROM events GROUP BY kafka_partition
    UNION ALL
    SELECT 'readings', kafka_partition, toInt64(max(range_to) + 1), ''
    FROM readings WHERE meter_id = '' AND meter_version = 0 GROUP BY kafka_partition
    UNION ALL
    SELECT if(namespace = '', 'unreadable', 'counted'), kafka_partition, toInt64(count()), toString(status)
    FROM events
    WHERE namespace IN (${binder.bind('String', namespace)}, '') AND status IN ('ok', 'duplicate', 'invalid')${bounds}
    GROUP BY namespace, kafka_partition, status`);
}

/** Rows `partition, waiting_ms` of partitions whose readings are behind. */
export function planBuilding(marks: readonly StageMarks[]): Statement {
  const binder = new Binder();
  const behind = marks.map(
    ({ partition, readings }) =>
      `(kafka_partition = ${binder.bind('UInt16', partition)} AND kafka_offset >= ${binder.bind('Int64', readings)})`,
  );
  return binder.statement(`SELECT kafka_partition,
      toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(min(stored_at))
    FROM events WHERE ${behind.join(' OR ')} GROUP BY kafka_partition`);
}
