-- why: queries must not parse JSON: each event is read once per matching meter, exactly, and one insert is one part with its own mark.

-- A reading: what one usage event means to one version of a meter. A marker: how far readings are built, in the same part
-- as the readings it speaks of, so that the two cannot disagree after a crash.
CREATE TABLE IF NOT EXISTS readings (
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
  -- How far each stream is in each Kafka partition: a few rows per part.
  PROJECTION marks (
    SELECT meter_id, meter_version, kafka_partition, max(range_to), max(generation)
    GROUP BY meter_id, meter_version, kafka_partition
  )
) ENGINE = MergeTree
PARTITION BY batch_month
ORDER BY (namespace, meter_id, meter_version, subject, time, kafka_partition, kafka_offset, index_in_record);

-- A chunk and the tail of a query ask for a range of offsets; events are sorted by type and subject.
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_offset (
  SELECT _part_offset ORDER BY kafka_partition, kafka_offset
);
