-- why: every commercial decision is appended once, in the transaction that makes it; the relay and the audit log read it.
CREATE TABLE journal (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  stream text NOT NULL,
  version integer NOT NULL,
  type text NOT NULL,
  schema smallint NOT NULL,
  data jsonb NOT NULL,
  cause text,
  actor text NOT NULL,
  idempotency_key text,
  input_hash text,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The relay's order. Never lower than that of the stream's version before it, although a long transaction may have
  -- been given its number long before that one.
  xid xid8 NOT NULL,
  CONSTRAINT journal_stream_version UNIQUE (namespace, stream, version)
);
CREATE INDEX journal_relay_order ON journal (xid, position);

CREATE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the journal is insert-only: % refused', TG_OP;
END $$;
CREATE TRIGGER journal_is_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change();

CREATE FUNCTION notify_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('ledgerline_journal', '');
  RETURN NULL;
END $$;
CREATE TRIGGER journal_wakes_the_relay AFTER INSERT ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION notify_journal();

CREATE TABLE relay_checkpoints (
  relay text PRIMARY KEY,
  xid xid8 NOT NULL,
  position bigint NOT NULL
);
