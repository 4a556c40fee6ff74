-- why: a reset by hand begins a new stretch of usage periods; what came before stays as it was.
CREATE TABLE usage_resets (
  namespace text NOT NULL,
  entitlement_id text NOT NULL,
  -- On a whole minute. Of two at the same minute the later recorded one counts.
  effective_at timestamptz NOT NULL,
  -- What the periods from here on step from.
  anchor timestamptz NOT NULL,
  -- Of this reset alone; NULL: as the entitlement says.
  preserve_overage boolean,
  recorded_at timestamptz NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (namespace, id),
  FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements (namespace, id)
);
CREATE INDEX usage_resets_of_entitlement ON usage_resets (namespace, entitlement_id, effective_at);
