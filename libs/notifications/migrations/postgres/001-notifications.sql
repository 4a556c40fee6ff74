-- why: who is told what, and whether they were: rules raise events once, and each event is delivered to each channel of its rule.
CREATE TABLE notification_channels (
  namespace text NOT NULL,
  id text NOT NULL,
  name text NOT NULL,
  url text NOT NULL,
  -- Never in clear: platform/secrets seals both, bound to the namespace and the channel. Headers often hold passwords.
  sealed_headers text NOT NULL,
  sealed_secret text NOT NULL,
  disabled boolean NOT NULL,
  metadata jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);

CREATE TABLE notification_rules (
  namespace text NOT NULL,
  id text NOT NULL,
  type text NOT NULL,
  name text NOT NULL,
  disabled boolean NOT NULL,
  -- Since when it speaks: what happened before is not told. NULL while disabled.
  awake_since timestamptz,
  channel_ids text[] NOT NULL,
  -- Ids or keys, as they were given; NULL: every feature.
  features text[],
  -- [type, value as decimal text], in the order given.
  thresholds jsonb,
  metadata jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (namespace, id)
);
CREATE INDEX notification_rules_awake ON notification_rules (namespace, type) WHERE deleted_at IS NULL AND NOT disabled;
CREATE INDEX notification_rules_of_channel ON notification_rules USING gin (channel_ids) WHERE deleted_at IS NULL;

CREATE TABLE notification_events (
  namespace text NOT NULL,
  id text NOT NULL,
  type text NOT NULL,
  rule_id text NOT NULL,
  payload jsonb NOT NULL,
  annotations jsonb NOT NULL,
  -- Of what may be said once only, as long as nothing else of the same series was said after it.
  series text,
  said text,
  -- Of what may be said once only, ever.
  once_key text,
  feature_id text,
  feature_key text,
  subject_id text,
  subject_key text,
  created_at timestamptz NOT NULL,
  -- In the order in which they were raised, also under a clock that stands still.
  number bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (namespace, id),
  FOREIGN KEY (namespace, rule_id) REFERENCES notification_rules (namespace, id)
);
CREATE INDEX notification_events_newest ON notification_events (namespace, created_at DESC, id DESC);
CREATE INDEX notification_events_series ON notification_events (namespace, series, number DESC) WHERE series IS NOT NULL;
-- The last defence against saying it twice.
CREATE UNIQUE INDEX notification_events_once ON notification_events (namespace, once_key) WHERE once_key IS NOT NULL;

CREATE TABLE notification_deliveries (
  namespace text NOT NULL,
  event_id text NOT NULL,
  channel_id text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  annotations jsonb NOT NULL,
  -- By the machine's clock, as all retries: a virtual clock must neither hold back nor hurry a request to the outside.
  next_attempt_at timestamptz,
  -- In the present series of attempts; a resend starts anew.
  attempts integer NOT NULL,
  -- Raised by every change: whoever read an older one must not write.
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (namespace, event_id, channel_id),
  FOREIGN KEY (namespace, event_id) REFERENCES notification_events (namespace, id)
);
CREATE INDEX notification_deliveries_waiting ON notification_deliveries (namespace, next_attempt_at)
  WHERE next_attempt_at IS NOT NULL;

CREATE TABLE notification_attempts (
  namespace text NOT NULL,
  event_id text NOT NULL,
  channel_id text NOT NULL,
  id text NOT NULL,
  state text NOT NULL,
  at timestamptz NOT NULL,
  status_code integer,
  body text NOT NULL,
  duration_ms integer NOT NULL,
  url text NOT NULL,
  PRIMARY KEY (namespace, event_id, channel_id, id)
);

-- Metered entitlements that rules may speak of, and when each is to be looked at.
CREATE TABLE notification_watches (
  namespace text NOT NULL,
  entitlement_id text NOT NULL,
  -- When it changes next by time alone. NULL: never.
  due_at timestamptz,
  -- When something else changed it that nobody has looked at yet.
  asked_at timestamptz,
  -- Resets by hand that nobody has looked at yet: [effective at, recorded at].
  resets jsonb NOT NULL,
  -- Raised by every wish to look: what came while somebody looked is not forgotten.
  asks integer NOT NULL,
  -- Raised by every look: of two at once only one tells.
  looks integer NOT NULL,
  -- Why the last look could not tell.
  trouble text NOT NULL,
  PRIMARY KEY (namespace, entitlement_id)
);
CREATE INDEX notification_watches_due ON notification_watches (namespace, (LEAST(due_at, asked_at)))
  WHERE LEAST(due_at, asked_at) IS NOT NULL;

INSERT INTO notification_watches (namespace, entitlement_id, asked_at, resets, asks, looks, trouble)
  SELECT namespace, id, created_at, '[]', 1, 0, '' FROM entitlements WHERE type = 'metered' AND deleted_at IS NULL;
