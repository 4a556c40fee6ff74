-- why: customers and whose usage is whose, with the rules that must hold even when two requests race.
CREATE TABLE customers (
  namespace text NOT NULL,
  id text NOT NULL,
  key text,
  name text NOT NULL,
  description text,
  primary_email text,
  currency text,
  billing_address jsonb,
  metadata jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
-- A deleted customer frees its key.
CREATE UNIQUE INDEX customers_live_key ON customers (namespace, key) WHERE deleted_at IS NULL;

-- Every subject whose events belong to a customer: its subject keys, in their order, and its own key.
CREATE TABLE customer_subjects (
  namespace text NOT NULL,
  customer_id text NOT NULL,
  subject text NOT NULL,
  -- Place among the subject keys; null for the customer's own key when it is not one of them.
  position integer,
  attached_at timestamptz NOT NULL,
  detached_at timestamptz,
  FOREIGN KEY (namespace, customer_id) REFERENCES customers (namespace, id)
);
-- One event is never the usage of two customers.
CREATE UNIQUE INDEX customer_subjects_live ON customer_subjects (namespace, subject) WHERE detached_at IS NULL;
CREATE INDEX customer_subjects_of ON customer_subjects (namespace, customer_id) WHERE detached_at IS NULL;
