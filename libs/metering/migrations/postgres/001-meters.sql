-- why: a meter is a promise about past events too, so each change of what is read from them is a version with its own progress.

CREATE TABLE meters (
  namespace text NOT NULL,
  id text NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  description text,
  metadata jsonb,
  aggregation text NOT NULL,
  event_type text NOT NULL,
  event_from timestamptz,
  value_property text,
  -- Keys and paths as one list of pairs: jsonb objects forget the order that readings are kept in.
  group_by jsonb NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
-- A slug is free again once its meter is deleted; the new meter gets a new id and readings of its own.
CREATE UNIQUE INDEX meters_live_slug ON meters (namespace, slug) WHERE deleted_at IS NULL;

CREATE TABLE meter_versions (
  namespace text NOT NULL,
  meter_id text NOT NULL,
  version integer NOT NULL,
  group_by jsonb NOT NULL,
  -- Chunks of readings built with a set of meters of this generation or a later one include the version …
  since_generation bigint NOT NULL,
  -- … until this one: the meter was deleted, or a newer version covers everything.
  until_generation bigint,
  -- Readings cover every event below the readings mark of every partition.
  completed_at timestamptz,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (meter_id, version),
  FOREIGN KEY (namespace, meter_id) REFERENCES meters (namespace, id)
);
CREATE INDEX meter_versions_included ON meter_versions (meter_id) WHERE until_generation IS NULL;

-- Where the main stream took a version over: committed before the first chunk that includes it.
CREATE TABLE meter_version_partitions (
  namespace text NOT NULL,
  meter_id text NOT NULL,
  version integer NOT NULL,
  kafka_partition integer NOT NULL,
  live_from bigint NOT NULL,
  PRIMARY KEY (meter_id, version, kafka_partition)
);

-- One row that counts changes of the set of included versions, over all namespaces: whoever changes the set locks it, so
-- a reader of a generation sees every change up to it.
CREATE TABLE meter_generations (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  namespace text NOT NULL DEFAULT '*',
  generation bigint NOT NULL
);
INSERT INTO meter_generations (generation) VALUES (0);

-- Which process built readings last. Another one waits until that one's inserts have ended.
CREATE TABLE readings_builders (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  namespace text NOT NULL DEFAULT '*',
  builder text NOT NULL
);
