-- why: a portal token carries its claims itself, so all that is kept is which tokens there are and which were taken back.

CREATE TABLE portal_tokens (
  namespace text NOT NULL,
  id text NOT NULL,
  subject text NOT NULL,
  -- Null: every meter of the namespace.
  allowed_meter_slugs text[],
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  invalidated_at timestamptz,
  PRIMARY KEY (namespace, id)
);
CREATE INDEX portal_tokens_newest ON portal_tokens (namespace, created_at DESC, id DESC);
CREATE INDEX portal_tokens_subject ON portal_tokens (namespace, subject);
-- Tokens that ended long ago are removed when new ones are made.
CREATE INDEX portal_tokens_expiry ON portal_tokens (namespace, expires_at);

-- The key that tokens are signed with where the configuration names none, sealed. One for each namespace, so that none
-- of them can be used to sign for another.
CREATE TABLE portal_secrets (
  namespace text NOT NULL PRIMARY KEY,
  secret text NOT NULL,
  created_at timestamptz NOT NULL
);
