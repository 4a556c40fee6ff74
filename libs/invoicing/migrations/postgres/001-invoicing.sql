-- why: what customers owe must survive any crash, so every rule that a race could break is a constraint here too.

CREATE TABLE billing_profiles (
  namespace text NOT NULL,
  id text NOT NULL,
  name text NOT NULL,
  description text,
  metadata jsonb,
  supplier jsonb NOT NULL,
  workflow jsonb NOT NULL,
  app_id text NOT NULL,
  is_default boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
CREATE UNIQUE INDEX billing_profiles_one_default ON billing_profiles (namespace) WHERE is_default AND deleted_at IS NULL;

-- Gathering and standard invoices. What a standard one copied from profile and customer is its snapshot.
CREATE TABLE invoices (
  namespace text NOT NULL,
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('gathering', 'standard')),
  customer_id text NOT NULL,
  customer_name text NOT NULL,
  currency text NOT NULL,
  number text NOT NULL,
  status text NOT NULL,
  version integer NOT NULL,
  entry integer NOT NULL,
  actions_done integer NOT NULL,
  rest_told boolean NOT NULL,
  -- When it can go on by itself; null when only a person or an app can move it.
  advance_at timestamptz,
  collection_at timestamptz,
  draft_until timestamptz,
  due_at timestamptz,
  issued_at timestamptz,
  quantity_snapshoted_at timestamptz,
  sent_to_customer_at timestamptz,
  payment_processing_entered_at timestamptz,
  period_from timestamptz,
  period_to timestamptz,
  description text,
  metadata jsonb,
  external_id text,
  app_id text,
  snapshot jsonb,
  totals jsonb,
  issues jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
-- One per customer and currency for ever: an emptied one is deleted softly and comes back under its number.
CREATE UNIQUE INDEX invoices_one_gathering ON invoices (namespace, customer_id, currency) WHERE kind = 'gathering';
CREATE UNIQUE INDEX invoices_number ON invoices (namespace, number);
CREATE INDEX invoices_of_customer ON invoices (namespace, customer_id, created_at);
CREATE INDEX invoices_due ON invoices (namespace, advance_at) WHERE advance_at IS NOT NULL;

CREATE TABLE invoice_split_groups (
  namespace text NOT NULL,
  id text NOT NULL,
  unique_id text,
  subscription_id text,
  period_from timestamptz NOT NULL,
  period_to timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
CREATE UNIQUE INDEX invoice_split_groups_unique_id ON invoice_split_groups (namespace, unique_id) WHERE unique_id IS NOT NULL;
CREATE INDEX invoice_split_groups_of_subscription ON invoice_split_groups (namespace, subscription_id) WHERE subscription_id IS NOT NULL;

CREATE TABLE invoice_lines (
  namespace text NOT NULL,
  id text NOT NULL,
  invoice_id text NOT NULL,
  currency text NOT NULL,
  managed_by text NOT NULL CHECK (managed_by IN ('subscription', 'manual')),
  period_from timestamptz NOT NULL,
  period_to timestamptz NOT NULL,
  invoice_at timestamptz NOT NULL,
  -- When it is billed without anybody asking.
  billable_at timestamptz NOT NULL,
  subscription_id text,
  phase_id text,
  item_id text,
  billing_period_from timestamptz,
  billing_period_to timestamptz,
  unique_id text,
  split_group_id text,
  -- Name, price, feature, discounts and taxes, in the contract's form.
  terms jsonb NOT NULL,
  metered_quantity numeric,
  metered_pre_line_period_quantity numeric,
  -- Detailed lines, billed quantities and totals, as rated last.
  rated jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id),
  FOREIGN KEY (namespace, invoice_id) REFERENCES invoices (namespace, id),
  FOREIGN KEY (namespace, split_group_id) REFERENCES invoice_split_groups (namespace, id)
);
-- A period of an item is billed once, whoever asks how often.
CREATE UNIQUE INDEX invoice_lines_unique_id ON invoice_lines (namespace, unique_id) WHERE unique_id IS NOT NULL;
CREATE INDEX invoice_lines_of_invoice ON invoice_lines (namespace, invoice_id);
CREATE INDEX invoice_lines_of_subscription ON invoice_lines (namespace, subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX invoice_lines_of_group ON invoice_lines (namespace, split_group_id) WHERE split_group_id IS NOT NULL;
CREATE INDEX invoice_lines_billable ON invoice_lines (namespace, billable_at) WHERE deleted_at IS NULL;

-- One row per kind of number, locked by the transaction that takes the next one: numbers have no gaps.
CREATE TABLE invoice_counters (
  namespace text NOT NULL,
  kind text NOT NULL,
  last bigint NOT NULL,
  PRIMARY KEY (namespace, kind)
);

CREATE TABLE subscription_sync_state (
  namespace text NOT NULL,
  subscription_id text NOT NULL,
  customer_id text,
  has_billables boolean NOT NULL,
  synced_at timestamptz,
  due_at timestamptz,
  PRIMARY KEY (namespace, subscription_id)
);
CREATE INDEX subscription_sync_due ON subscription_sync_state (namespace, due_at) WHERE due_at IS NOT NULL;
