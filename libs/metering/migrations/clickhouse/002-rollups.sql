-- why: a question about months must not read every reading, and an answer at 100 million events must be as exact as at one.

-- Readings again, with rollups as aggregate projections: they are written in the same part as the readings they sum up, so
-- they cannot disagree, need no mark of their own and disappear together with them (docs/adr/0006). Days come before subjects
-- in the sort key, because the borders of a question are days that it cuts in two.
DROP TABLE IF EXISTS readings_next SYNC;

CREATE TABLE readings_next (
  namespace LowCardinality(String),
  -- Empty in markers of the main stream, which carries all live meters.
  meter_id LowCardinality(String),
  meter_version UInt32,
  subject String,
  -- In the order of the version's group keys.
  dimensions Array(LowCardinality(String)),
  time DateTime64(0, 'UTC'),
  -- NULL where the event has no usable number. Sums are made in Decimal256: this type overflows in silence.
  value Nullable(Decimal(38, 19)),
  -- Only for meters that tell texts apart: NULL for JSON null, '' for a path that found nothing.
  value_text Nullable(String),
  kafka_partition UInt16,
  kafka_offset Int64,
  index_in_record UInt32,
  kind Enum8('reading' = 1, 'marker' = 2),
  -- Offsets a marker speaks of, both included; -1 in readings.
  range_from Int64,
  range_to Int64,
  -- Which set of meters the main stream's chunk was built with; 0 elsewhere.
  generation UInt64,
  batch_month UInt32,
  -- First second of the quarter of an hour and of the UTC day. By arithmetic, because the functions for it change their type
  -- with a setting, and a rollup is found by its exact expressions.
  quarter Int64 MATERIALIZED CAST(time, 'Int64') - positiveModulo(CAST(time, 'Int64'), 900),
  day Int64 MATERIALIZED CAST(time, 'Int64') - positiveModulo(CAST(time, 'Int64'), 86400),
  -- How far each stream is in each Kafka partition: a few rows per part.
  PROJECTION marks (
    SELECT meter_id, meter_version, kafka_partition, max(range_to), max(generation)
    GROUP BY meter_id, meter_version, kafka_partition
  ),
  -- All subjects together. Quarters, because that is what all zones of the world have in common. Markers are in the rollups too,
  -- under the empty namespace, which no question asks for.
  PROJECTION by_quarter (
    SELECT namespace, meter_id, meter_version, quarter, dimensions,
      count(), count(value), sum(toDecimal256(value, 19)), min(value), max(value), min(time), max(time)
    GROUP BY namespace, meter_id, meter_version, quarter, dimensions
  ),
  PROJECTION by_subject (
    SELECT namespace, meter_id, meter_version, subject, day, dimensions,
      count(), count(value), sum(toDecimal256(value, 19)), min(value), max(value), min(time), max(time)
    GROUP BY namespace, meter_id, meter_version, subject, day, dimensions
  ),
  -- One row for each text of a day, so that no row grows with the number of texts.
  PROJECTION by_text (
    SELECT namespace, meter_id, meter_version, day, dimensions, value_text, count(), min(time), max(time)
    GROUP BY namespace, meter_id, meter_version, day, dimensions, value_text
  )
) ENGINE = MergeTree
PARTITION BY batch_month
ORDER BY (namespace, meter_id, meter_version, day, subject, time, kafka_partition, kafka_offset, index_in_record)
-- One subject has few readings a day: finer steps let a question skip more of the others.
SETTINGS index_granularity = 2048;

-- A crash here repeats the file, which copies from whichever table has the name then.
INSERT INTO readings_next (namespace, meter_id, meter_version, subject, dimensions, time, value, value_text, kafka_partition,
    kafka_offset, index_in_record, kind, range_from, range_to, generation, batch_month)
  SELECT namespace, meter_id, meter_version, subject, dimensions, time, value, value_text, kafka_partition,
    kafka_offset, index_in_record, kind, range_from, range_to, generation, batch_month
  FROM readings
  SETTINGS max_partitions_per_insert_block = 0, async_insert = 0;

EXCHANGE TABLES readings_next AND readings;

DROP TABLE readings_next SYNC;
