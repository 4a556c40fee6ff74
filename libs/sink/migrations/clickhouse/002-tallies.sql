-- why: whether all usage is in must be cheap to ask: how many events of each kind a partition delivered, a few rows per part instead of every event.

ALTER TABLE events ADD PROJECTION IF NOT EXISTS tallies (
  SELECT namespace, kafka_partition, status, count()
  GROUP BY namespace, kafka_partition, status
);
