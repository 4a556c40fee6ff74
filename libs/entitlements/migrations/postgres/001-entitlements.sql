-- why: entitlements and grants, with the rule that a customer has one entitlement per feature at any instant.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE entitlements (
  namespace text NOT NULL,
  id text NOT NULL,
  type text NOT NULL,
  customer_id text NOT NULL,
  feature_id text NOT NULL,
  feature_key text NOT NULL,
  -- Of metered ones only, as their feature names it: a meter with live entitlements cannot be deleted.
  meter_id text,
  metadata jsonb,
  -- Set when a subscription manages it; then users may not change it.
  subscription_id text,
  subscription_item_id text,
  active_from timestamptz NOT NULL,
  active_to timestamptz CHECK (active_to >= active_from),
  usage_interval text,
  usage_anchor timestamptz,
  measure_usage_from timestamptz,
  is_soft_limit boolean,
  issue_amount numeric,
  issue_priority integer,
  preserve_overage_at_reset boolean,
  config text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id),
  -- The last defence: the customer's lock keeps two requests apart before it comes to this.
  CONSTRAINT entitlements_one_at_a_time EXCLUDE USING gist (
    namespace WITH =,
    customer_id WITH =,
    feature_key WITH =,
    tstzrange(active_from, active_to) WITH &&
  ) WHERE (deleted_at IS NULL AND (active_to IS NULL OR active_to > active_from))
);
CREATE INDEX entitlements_of_customer ON entitlements (namespace, customer_id);
CREATE INDEX entitlements_on_meter ON entitlements (namespace, meter_id) WHERE deleted_at IS NULL;

CREATE TABLE grants (
  namespace text NOT NULL,
  id text NOT NULL,
  entitlement_id text NOT NULL,
  amount numeric NOT NULL CHECK (amount > 0),
  priority integer NOT NULL CHECK (priority BETWEEN 0 AND 255),
  effective_at timestamptz NOT NULL,
  -- As it was asked for; expires_at is what follows from it.
  expiration jsonb,
  expires_at timestamptz,
  recurrence_interval text,
  recurrence_anchor timestamptz,
  min_rollover numeric NOT NULL CHECK (min_rollover >= 0),
  max_rollover numeric NOT NULL CHECK (max_rollover >= 0),
  metadata jsonb,
  annotations jsonb,
  voided_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, id),
  FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements (namespace, id)
);
CREATE INDEX grants_of_entitlement ON grants (namespace, entitlement_id);
