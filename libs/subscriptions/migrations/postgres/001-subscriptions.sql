-- why: what was agreed with a customer, in durations; instants of phases and items follow from it and are not stored.
CREATE TABLE subscriptions (
  namespace text NOT NULL,
  id text NOT NULL,
  customer_id text NOT NULL,
  name text NOT NULL,
  description text,
  metadata jsonb,
  currency text NOT NULL,
  billing_cadence text NOT NULL,
  billing_anchor timestamptz NOT NULL,
  pro_rating jsonb NOT NULL,
  -- All three or none: a custom plan has no reference.
  plan_id text,
  plan_key text,
  plan_version integer,
  active_from timestamptz NOT NULL,
  active_to timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id),
  CHECK (active_to >= active_from)
);
CREATE INDEX subscriptions_customer ON subscriptions (namespace, customer_id, active_from);
-- The last defence of "one at a time"; the customer's lock and a refusal with reasons come first.
CREATE UNIQUE INDEX subscriptions_one_open ON subscriptions (namespace, customer_id)
  WHERE deleted_at IS NULL AND active_to IS NULL;

CREATE TABLE subscription_phases (
  namespace text NOT NULL,
  id text NOT NULL,
  subscription_id text NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  description text,
  metadata jsonb,
  start_after text NOT NULL,
  sort_hint integer NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, id),
  UNIQUE (namespace, subscription_id, key),
  FOREIGN KEY (namespace, subscription_id) REFERENCES subscriptions (namespace, id)
);

CREATE TABLE subscription_items (
  namespace text NOT NULL,
  id text NOT NULL,
  subscription_id text NOT NULL,
  phase_id text NOT NULL,
  -- Order within the phase; versions of one key stand in their order.
  position integer NOT NULL,
  key text NOT NULL,
  active_from_offset text,
  active_to_offset text,
  -- The contract's form plus featureId: a copy, so that later changes of the plan do not touch it.
  rate_card jsonb NOT NULL,
  feature_id text,
  entitlement_id text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, id),
  UNIQUE (namespace, phase_id, position),
  FOREIGN KEY (namespace, phase_id) REFERENCES subscription_phases (namespace, id)
);
CREATE INDEX subscription_items_subscription ON subscription_items (namespace, subscription_id);
CREATE INDEX subscription_items_feature ON subscription_items (namespace, feature_id) WHERE feature_id IS NOT NULL;
