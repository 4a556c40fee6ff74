import { dimensionsSql, numberSql, rawValueSql, textSql } from './extract-sql.js';
import { type Extraction, valueKindOf } from './meter.js';
import { Binder, type Statement } from './statement.js';

/** Offsets of one Kafka partition, both included. An empty range (to = from − 1) only writes a marker. */
export interface ReadingRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** The main stream carries all live meters forward; a back-fill brings one version up to where the main stream took over. */
export type ReadingStream =
  | { readonly kind: 'main'; readonly generation: bigint }
  | { readonly kind: 'backfill'; readonly meterId: string; readonly version: number };

export interface Chunk {
  readonly stream: ReadingStream;
  /** One per partition. All events of them lie in one batch month, so that the chunk is one part. */
  readonly ranges: readonly ReadingRange[];
  readonly batchMonth: number;
  readonly extractions: readonly Extraction[];
}

/** Texts by which a refused insert is recognised in the store's error. */
export const markMoved = 'readings mark moved';
export const generationMoved = 'readings built by a newer set of meters';

/**
 * A chunk must become one part: one thread, and no block is closed before the end. A part is the commit point, so a chunk
 * in two parts could be half there.
 */
export const chunkSettings = {
  max_insert_threads: '1',
  min_insert_block_size_rows: '1000000000',
  min_insert_block_size_bytes: '0',
  async_insert: 0,
  // Hundreds of meters make a long statement; the defaults admit about fifty.
  max_query_size: '16777216',
  max_ast_elements: '2000000',
  max_expanded_ast_elements: '2000000',
} as const;

const kindCodes = { number: 1, text: 2, none: 0 } as const;
const foundType = 'Array(Tuple(String, UInt32, UInt8, String, Array(String)))';

/** The stream's identity in the marker rows: the main stream has no meter. */
export const streamKey = (stream: ReadingStream): { readonly meterId: string; readonly version: number } =>
  stream.kind === 'main' ? { meterId: '', version: 0 } : { meterId: stream.meterId, version: stream.version };

const chunkColumns = [
  'namespace',
  'meter_id',
  'meter_version',
  'subject',
  'dimensions',
  'time',
  'value',
  'value_text',
  'kafka_partition',
  'kafka_offset',
  'index_in_record',
  'kind',
  'range_from',
  'range_to',
  'generation',
  'batch_month',
] as const;

/** Readings of a range and the marker that says so, in one insert that the store refuses when the mark is elsewhere. */
export function planChunk(chunk: Chunk): Statement {
  const binder = new Binder();
  const partitions = binder.bind(
    'Array(UInt16)',
    chunk.ranges.map(({ partition }) => partition),
  );
  const froms = binder.bind(
    'Array(Int64)',
    chunk.ranges.map(({ from }) => from),
  );
  const tos = binder.bind(
    'Array(Int64)',
    chunk.ranges.map(({ to }) => to),
  );
  const key = streamKey(chunk.stream);
  const meterId = binder.bind('String', key.meterId);
  const version = binder.bind('UInt32', key.version);
  const generation = binder.bind('UInt64', chunk.stream.kind === 'main' ? chunk.stream.generation : 0n);
  const month = binder.bind('UInt32', chunk.batchMonth);
  const guard = `(
    SELECT throwIf(arrayExists((p, f) -> if(mapContains(marks, p), marks[p], toInt64(-1)) != f - 1, ${partitions}, ${froms}), '${markMoved}')
      + throwIf(newest > ${generation}, '${generationMoved}')
    FROM (
      SELECT mapFromArrays(groupArray(kafka_partition), groupArray(mark)) AS marks, max(newest_here) AS newest
      FROM (
        SELECT kafka_partition, max(range_to) AS mark, max(generation) AS newest_here
        FROM readings
        WHERE meter_id = ${meterId} AND meter_version = ${version} AND kafka_partition IN ${partitions}
        GROUP BY kafka_partition
      )
    )
  )`;
  const marker = `
    SELECT '', ${meterId}, ${version}, '', CAST([], 'Array(String)'), toDateTime64(0, 0, 'UTC'),
      CAST(NULL, 'Nullable(Decimal(38, 19))'), CAST(NULL, 'Nullable(String)'),
      m.1, m.3, toUInt32(0), 'marker', m.2, m.3, ${generation}, toUInt32(${month} + ${guard})
    FROM (SELECT arrayJoin(arrayZip(${partitions}, ${froms}, ${tos})) AS m)`;
  const filled = chunk.ranges.filter(({ from, to }) => to >= from);
  const readings =
    chunk.extractions.length === 0 || filled.length === 0
      ? undefined
      : readingsSql({ ...chunk, ranges: filled }, binder, month);
  return binder.statement(
    `INSERT INTO readings (${chunkColumns.join(', ')})${readings === undefined ? '' : `${readings}\n    UNION ALL`}${marker}`,
  );
}

function readingsSql(chunk: Chunk, binder: Binder, month: string): string {
  const branches = [...groupByType(chunk.extractions)].map(([, extractions]) => {
    const [first] = extractions;
    const namespace = binder.bind('String', first.namespace);
    const type = binder.bind('String', first.eventType);
    return {
      pair: `(${namespace}, ${type})`,
      when: `namespace = ${namespace} AND type = ${type}`,
      found: `[${extractions.map((extraction) => foundSql(extraction, binder)).join(', ')}]`,
    };
  });
  const found = `multiIf(${branches.map(({ when, found }) => `${when}, ${found}`).join(',\n        ')}, CAST([], '${foundType}'))`;
  return `
    SELECT namespace, meter_id, meter_version, subject, dimensions, time,
      if(value_kind = ${kindCodes.number}, ${numberSql}, NULL),
      if(value_kind = ${kindCodes.text}, ${textSql}, NULL),
      kafka_partition, kafka_offset, index_in_record, 'reading', toInt64(-1), toInt64(-1), toUInt64(0), toUInt32(${month})
    FROM (
      SELECT namespace, subject, time, kafka_partition, kafka_offset, index_in_record,
        found.1 AS meter_id, found.2 AS meter_version, found.3 AS value_kind, found.4 AS raw, found.5 AS dimensions
      FROM (
        SELECT namespace, type, subject, time, data, kafka_partition, kafka_offset, index_in_record
        FROM events
        WHERE status = 'ok' AND (${rangesSql(chunk.ranges, binder)})
          AND (namespace, type) IN (${branches.map(({ pair }) => pair).join(', ')})
        LIMIT 1 BY kafka_partition, kafka_offset, index_in_record
      )
      ARRAY JOIN ${found} AS found
    )`;
}

const foundSql = (extraction: Extraction, binder: Binder): string =>
  `tuple(${binder.bind('String', extraction.meterId)}, ${binder.bind('UInt32', extraction.version)}, ` +
  `toUInt8(${kindCodes[valueKindOf(extraction.aggregation)]}), ${rawValueSql(extraction, binder)}, ` +
  `${dimensionsSql(extraction, binder)})`;

/** Written out one by one, because only constant bounds let the store skip what lies outside. */
export const rangesSql = (ranges: readonly ReadingRange[], binder: Binder): string =>
  ranges
    .map(
      ({ partition, from, to }) =>
        `(kafka_partition = ${binder.bind('UInt16', partition)} AND kafka_offset >= ${binder.bind('Int64', from)} ` +
        `AND kafka_offset <= ${binder.bind('Int64', to)})`,
    )
    .join(' OR ');

type NonEmpty<T> = [T, ...T[]];

function groupByType(extractions: readonly Extraction[]): Map<string, NonEmpty<Extraction>> {
  const groups = new Map<string, NonEmpty<Extraction>>();
  for (const extraction of extractions) {
    const identity = JSON.stringify([extraction.namespace, extraction.eventType]);
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, [extraction]);
    else group.push(extraction);
  }
  return groups;
}
