-- why: invoices name the app that issued them for ever, so installed apps are rows that are only ever deleted softly.
CREATE TABLE apps (
  namespace text NOT NULL,
  id text NOT NULL,
  type text NOT NULL CHECK (type IN ('sandbox', 'stripe', 'custom_invoicing')),
  name text NOT NULL,
  description text,
  metadata jsonb,
  status text NOT NULL CHECK (status IN ('ready', 'unauthorized')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
CREATE INDEX apps_live ON apps (namespace, type, created_at) WHERE deleted_at IS NULL;
