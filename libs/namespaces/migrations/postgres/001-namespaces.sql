-- why: who may ask is decided by keys of which only hashes are kept, and a namespace is whose things a key leads to.
CREATE TABLE namespaces (
  namespace text PRIMARY KEY,
  created_at timestamptz NOT NULL,
  -- Domain time at which every room had prepared it; null is found again by the sweeper.
  bootstrapped_at timestamptz
);
-- Requests without keys act in it, and what it needs is made at every start.
INSERT INTO namespaces (namespace, created_at, bootstrapped_at) VALUES ('default', now(), now());

CREATE TABLE api_keys (
  namespace text NOT NULL REFERENCES namespaces,
  id text PRIMARY KEY,
  name text NOT NULL,
  -- What a person knows the key by.
  prefix text NOT NULL,
  -- SHA-256 in hex. The key has more random bits than the hash, so neither salt nor a slow hash would add anything.
  hash text NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  -- Counts the changes, so that a follower of the topic never takes an older state for the newer one.
  version integer NOT NULL,
  published_version integer NOT NULL DEFAULT 0,
  -- Real time: says when the topic was last told, which has nothing to do with when things happen.
  published_at timestamptz
);
CREATE INDEX api_keys_by_namespace ON api_keys (namespace, created_at DESC, id DESC);
