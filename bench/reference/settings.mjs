// What the processes of the reference mode share. Its algorithm is the common one of usage metering: see README.md.

/** Read from the environment, because each part is a process of its own that gets killed and profiled like ours. */
export function required(name) {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

export const namespace = 'default';
export const eventsTopic = (prefix) => `${prefix}om_${namespace}_events`;
export const dedupeKey = (source, id) => `${namespace}-${source}-${id}`;

export const eventsTable = `CREATE TABLE om_events (
  namespace String,
  id String,
  type LowCardinality(String),
  subject String,
  source String,
  time DateTime,
  data String,
  ingested_at DateTime,
  stored_at DateTime,
  store_row_id String
) ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (namespace, type, subject, toStartOfHour(time))`;
