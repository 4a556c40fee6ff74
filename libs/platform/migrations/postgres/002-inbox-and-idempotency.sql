-- why: a notice delivered twice must have one effect, and a request sent twice with one key must have one effect.
CREATE TABLE inbox (
  namespace text NOT NULL,
  consumer text NOT NULL,
  notice_id text NOT NULL,
  handled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, consumer, notice_id)
);

CREATE TABLE idempotency_keys (
  namespace text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  input_hash text NOT NULL,
  -- text, not jsonb: the second answer must be the first one to the byte. Null only inside the first transaction.
  answer text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, route, key)
);

-- Whom a sweeper must ask for due work: every namespace that has ever committed anything.
CREATE TABLE active_namespaces (
  namespace text PRIMARY KEY,
  first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
