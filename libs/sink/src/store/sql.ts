import { rowColumns, rowStructure } from '../core/row-writer.js';
import type { EventsInsert } from '../core/ports.js';

// Only numbers and our own ids stand in these statements, never a value that came from an event.

const columns = rowColumns.join(', ');
// Stands between quotes inside a statement.
const structure = rowStructure.join(', ').replaceAll("'", "\\'");

export const refusedClaim = 'sink-insert refused: claim';
export const refusedMark = 'sink-insert refused: mark';
/** Stands in every insert of a sink, so that running ones can be found among the server's queries. */
const insertSign = 'sink-insert refused';

const list = (numbers: Iterable<number | bigint>): string => [...numbers].join(',');

const claimPattern = /^[0-9A-Za-z-]{1,64}$/;
function quoted(claim: string): string {
  if (!claimPattern.test(claim)) throw new Error('a claim is a plain id');
  return `'${claim}'`;
}

/**
 * One statement, one block, one part: the single rename of that part is the moment at which the events are stored. Both
 * conditions are scalar sub-queries, so the server answers them once, before it writes.
 */
export function insertSql({ claim, ranges, batchMonth }: EventsInsert): string {
  const partitions = list(ranges.keys());
  // A partition without rows has no mark; it may begin at 0 only.
  const expected = [...ranges]
    .filter(([, { from }]) => from > 0)
    .sort(([a], [b]) => a - b)
    .map(([partition, { from }]) => `(${partition},${from})`)
    .join(',');
  return `INSERT INTO events (${columns}, stored_at, batch_month)
SELECT ${columns}, now64(3), toUInt32(${batchMonth})
FROM input('${structure}')
WHERE NOT throwIf((SELECT groupUniqArray(held) FROM (
    SELECT argMax(claim, (epoch, claim)) AS held FROM sink_claims
    WHERE kafka_partition IN (${partitions}) GROUP BY kafka_partition
  )) != [${quoted(claim)}], '${refusedClaim}')
  AND NOT throwIf((SELECT arraySort(groupArray((toInt64(kafka_partition), next))) FROM (
    SELECT kafka_partition, max(kafka_offset) + 1 AS next FROM events
    WHERE kafka_partition IN (${partitions}) GROUP BY kafka_partition
  )) != CAST([${expected}], 'Array(Tuple(Int64, Int64))'), '${refusedMark}')
FORMAT RowBinary`;
}

/** Limits far above one batch, so that nothing cuts it into two blocks. */
export const insertSettings = {
  async_insert: 0,
  wait_end_of_query: 1, // an error after the first byte of the answer would look like success
  insert_deduplicate: 0,
  max_threads: 1,
  max_insert_threads: '1',
  max_insert_block_size: '4194304',
  min_insert_block_size_rows: '4194304',
  min_insert_block_size_bytes: '4294967296',
} as const;

export const claimSql = (partitions: readonly number[], claim: string): string =>
  `INSERT INTO sink_claims SELECT arrayJoin([${list(partitions)}]), (SELECT max(epoch) FROM sink_claims) + 1, ` +
  `${quoted(claim)}, now64(3)`;

export const runningInsertsSql = `SELECT query_id FROM system.processes
WHERE query_kind = 'Insert' AND position(query, '${insertSign}') > 0`;

export const marksSql = (partitions: readonly number[]): string =>
  `SELECT kafka_partition, toString(max(kafka_offset) + 1) AS next_offset,
  toString(argMax(fingerprint, kafka_offset)) AS fingerprint,
  toString(toUnixTimestamp64Milli(max(ingested_at))) AS latest_ms
FROM events WHERE kafka_partition IN (${list(partitions)}) GROUP BY kafka_partition`;

/** How far any one partition is stored; no row when nothing is. */
export const anyMarkSql = `SELECT kafka_partition, toString(max(kafka_offset) + 1) AS next_offset
FROM events GROUP BY kafka_partition ORDER BY kafka_partition LIMIT 1`;

export const identitiesSql = (
  partitions: readonly number[],
  fingerprints: readonly bigint[],
  sinceMs: number,
): string =>
  `SELECT namespace, source, id, toString(toUnixTimestamp64Milli(max(ingested_at))) AS ingested_ms
FROM events
WHERE fingerprint IN (${list(fingerprints)}) AND kafka_partition IN (${list(partitions)}) AND status = 'ok'
  AND ingested_at >= fromUnixTimestamp64Milli(toInt64(${Math.max(0, Math.floor(sinceMs))}))
GROUP BY namespace, source, id`;

const scopeSql = (scope: { partition: number; fromOffset: number; sinceMs: number }): string =>
  `FROM events WHERE kafka_partition = ${scope.partition} AND kafka_offset >= ${scope.fromOffset} AND status = 'ok'
  AND ingested_at >= fromUnixTimestamp64Milli(toInt64(${scope.sinceMs}))`;

const weekSql = (weekMs: number): string =>
  `toInt32(intDiv(toUnixTimestamp64Milli(ingested_at), ${weekMs})) AS week`;

export const fingerprintCountsSql = (
  scope: { partition: number; fromOffset: number; sinceMs: number },
  weekMs: number,
): string => `SELECT ${weekSql(weekMs)}, toString(count()) AS keys ${scopeSql(scope)} GROUP BY week`;

/** One slice of the fingerprints; slices cut the 64-bit space evenly. */
export const fingerprintsSql = (
  scope: { partition: number; fromOffset: number; sinceMs: number },
  weekMs: number,
  slice: { index: number; of: number },
): string => {
  const high = 2n ** 64n;
  const from = (high * BigInt(slice.index)) / BigInt(slice.of);
  const to = (high * BigInt(slice.index + 1)) / BigInt(slice.of) - 1n;
  return `SELECT ${weekSql(weekMs)}, fingerprint ${scopeSql(scope)}
  AND fingerprint BETWEEN ${from} AND ${to} FORMAT RowBinary`;
};
