// Fills both stores without ingest and sink, for more events than anybody wants to wait for: events are made inside the engine,
// by the same rules as those that are posted, and become readings by our own builder, chunk by chunk.
import { openReadingsBuilder } from '@ledgerline/metering';
import { openPostgres } from '@ledgerline/platform/postgres';
import { Tally } from './usage.mjs';

const step = 500_000;
/** Events of one record, as ingest packs them under load. */
const recordEvents = 100;

/** Inserts `count` events from `source` on from where it is. */
export async function insertEvents(corner, source, count, partitions) {
  const first = source.take(count);
  const perOffset = recordEvents * partitions;
  await corner.clickhouse.command({
    query: `INSERT INTO events (namespace, id, source, type, subject, time, data, data_sent, has_data, ingested_at, stored_at,
        status, reason, kafka_partition, kafka_offset, index_in_record, fingerprint, batch_month)
      SELECT 'default', concat('${source.run}-', leftPad(toString(n), 12, '0')), 'bench', '${source.type}',
        concat('customer-', leftPad(toString(h % 1000), 4, '0')),
        toDateTime64(${source.fromMs / 1000} + (bitShiftRight(h, 7) % 720) * 3600, 0, 'UTC'),
        concat('{"amount":', toString(intDiv(amount, 1000)), '.', leftPad(toString(amount % 1000), 3, '0'),
          ',"model":"model-', leftPad(toString(bitShiftRight(h, 10) % 8), 2, '0'),
          '","user":"user-', leftPad(toString(bitShiftRight(h, 11) % 20000), 5, '0'),
          '","kind":"output","path":"/api/v1/chat","region":"eu-west-1"}'),
        '', 1, now64(3), now64(3), 'ok', '', intDiv(n, ${recordEvents}) % ${partitions}, intDiv(n, ${perOffset}), n % ${recordEvents},
        n, toYYYYMM(now())
      FROM (
        SELECT ${first} + number AS n, toUInt32((n + 1) * 2654435761) AS h, n % 8100 AS k,
          1000 + intDiv(k, 9) * 10 + k % 9 + 1 AS amount
        FROM numbers(${count})
      )`,
    clickhouse_settings: {
      max_insert_threads: '1',
      min_insert_block_size_rows: '1000000000',
      min_insert_block_size_bytes: '0',
      async_insert: 0,
    },
  });
  const tally = new Tally();
  tally.add(first, count);
  return tally;
}

/** The reference's copy of events of ours, from an offset on. */
export const copyToReference = (corner, fromOffset = 0, toOffset = Number.MAX_SAFE_INTEGER) =>
  corner.clickhouse.command({
    query: `INSERT INTO om_events SELECT namespace, id, type, subject, source, toDateTime(time), data, toDateTime(ingested_at),
        toDateTime(stored_at), concat(toString(kafka_partition), '-', toString(kafka_offset), '-', toString(index_in_record))
      FROM events WHERE status = 'ok' AND kafka_offset >= ${fromOffset} AND kafka_offset < ${toOffset}`,
  });

/** Our builder of readings, as the sink runs it. */
export async function openBuilder(corner, partitions) {
  const postgres = await openPostgres({ url: corner.corner.postgresUrl, poolMax: 2, service: 'bench' });
  const builder = openReadingsBuilder({ clickhouse: corner.clickhouse, postgres, partitions });
  return { advance: () => builder.advance(), close: () => postgres.destroy() };
}

/** `rows` events in both stores and in readings. */
export async function fillInStore(corner, source, { rows, partitions, say }) {
  const tally = new Tally();
  const builder = await openBuilder(corner, partitions);
  try {
    for (let done = 0; done < rows; done += step) {
      const count = Math.min(step, rows - done);
      tally.addAll(await insertEvents(corner, source, count, partitions));
      const perOffset = recordEvents * partitions;
      await copyToReference(corner, Math.floor(done / perOffset), Math.ceil((done + count) / perOffset));
      await builder.advance();
      if ((done + count) % 10_000_000 === 0) say(`${(done + count) / 1e6} million events in both stores`);
    }
  } finally {
    await builder.close();
  }
  return tally;
}
