-- why: every usage event ends as one row, and one insert is one part, so the table itself says how far Kafka was stored.

-- batch_month is set once per batch by the sink: a partition key made from a time would cut the batch in two
-- at the end of a month, and two parts are two commits.
CREATE TABLE IF NOT EXISTS events (
  namespace LowCardinality(String),
  id String,
  source LowCardinality(String),
  type LowCardinality(String),
  subject String,
  time DateTime64(0, 'UTC'),
  data String,
  data_sent String,
  has_data UInt8,
  ingested_at DateTime64(3, 'UTC'),
  stored_at DateTime64(3, 'UTC'),
  status Enum8('ok' = 1, 'duplicate' = 2, 'invalid' = 3, 'marker' = 4),
  reason String,
  kafka_partition UInt16,
  kafka_offset Int64,
  index_in_record UInt32,
  fingerprint UInt64,
  batch_month UInt32,
  -- How far each Kafka partition is stored, and one fingerprint of the record there: a few rows per part.
  PROJECTION mark (
    SELECT kafka_partition, max(kafka_offset), argMax(fingerprint, kafka_offset), max(ingested_at)
    GROUP BY kafka_partition
  ),
  -- Finds a resent event by its fingerprint without a second copy of the row.
  PROJECTION identity (SELECT fingerprint, _part_offset ORDER BY fingerprint)
) ENGINE = MergeTree
PARTITION BY batch_month
-- Hours by arithmetic: toStartOfHour turns over before 1970 and after 2106, and a bound on time would then skip rows that lie
-- within it. Questions compare CAST(time, 'Int64'), which this key can prune by.
ORDER BY (namespace, type, subject, intDiv(CAST(time, 'Int64'), 3600), kafka_partition, kafka_offset, index_in_record);

-- Which sink may store a Kafka partition: the newest claim. Every insert into events names its claim, so a sink
-- that lost its partition is refused by the store even if it does not know yet.
CREATE TABLE IF NOT EXISTS sink_claims (
  kafka_partition UInt16,
  epoch UInt64,
  claim String,
  claimed_at DateTime64(3, 'UTC')
) ENGINE = MergeTree
ORDER BY (kafka_partition, epoch);
