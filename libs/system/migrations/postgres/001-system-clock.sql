-- why: virtual time is state of the whole system, so it lives where every process can read it and a restart keeps it.
CREATE TABLE system_clock (
  -- One clock per instance; the namespace column keeps the rule that every table has one.
  namespace text PRIMARY KEY DEFAULT 'default',
  now timestamptz NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
