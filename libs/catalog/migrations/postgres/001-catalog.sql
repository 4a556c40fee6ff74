-- why: features and plan versions, with the rules that must hold even when two requests race.
CREATE TABLE features (
  namespace text NOT NULL,
  id text NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  metadata jsonb,
  meter_id text,
  meter_slug text,
  filters jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  archived_at timestamptz,
  PRIMARY KEY (namespace, id)
);
-- An archived feature frees its key.
CREATE UNIQUE INDEX features_live_key ON features (namespace, key) WHERE archived_at IS NULL;
CREATE INDEX features_meter ON features (namespace, meter_id) WHERE archived_at IS NULL;

-- One row per plan key: taking it puts changes of the key's versions in a row, and a number is never given twice.
CREATE TABLE plan_keys (
  namespace text NOT NULL,
  key text NOT NULL,
  latest_version integer NOT NULL,
  PRIMARY KEY (namespace, key)
);

CREATE TABLE plans (
  namespace text NOT NULL,
  id text NOT NULL,
  key text NOT NULL,
  version integer NOT NULL,
  name text NOT NULL,
  description text,
  metadata jsonb,
  currency text NOT NULL,
  billing_cadence text NOT NULL,
  pro_rating jsonb NOT NULL,
  -- Phases with their rate cards in the contract's form, plus each card's featureId: they are written and read as a whole.
  phases jsonb NOT NULL,
  feature_ids text[] NOT NULL,
  effective_from timestamptz,
  effective_to timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id),
  UNIQUE (namespace, key, version)
);
CREATE UNIQUE INDEX plans_one_draft ON plans (namespace, key) WHERE deleted_at IS NULL AND effective_from IS NULL;
CREATE UNIQUE INDEX plans_one_active ON plans (namespace, key)
  WHERE deleted_at IS NULL AND effective_from IS NOT NULL AND effective_to IS NULL;
CREATE INDEX plans_features ON plans USING gin (feature_ids);
