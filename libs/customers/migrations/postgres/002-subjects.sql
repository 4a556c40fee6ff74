-- why: subjects as a resource of their own (deprecated, still answered), and lists of customers that need no sorting.
CREATE TABLE subjects (
  namespace text NOT NULL,
  id text NOT NULL,
  key text NOT NULL,
  display_name text,
  metadata jsonb,
  stripe_customer_id text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
-- A deleted subject frees its key.
CREATE UNIQUE INDEX subjects_live_key ON subjects (namespace, key) WHERE deleted_at IS NULL;

-- The default order of the list, so that a page of many customers is read, not sorted.
CREATE INDEX customers_by_name ON customers (namespace, name, id);
