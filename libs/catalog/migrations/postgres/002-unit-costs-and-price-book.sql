-- why: features say what a unit costs us, and what a token costs is kept with everything it ever was.
ALTER TABLE features ADD COLUMN unit_cost jsonb;

-- What a row says never changes; a correction adds a row and marks this one as superseded.
CREATE TABLE price_book_entries (
  namespace text NOT NULL,
  id text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  token_type text NOT NULL,
  -- Null: withdraws the entry it corrects.
  price_per_token numeric,
  currency text NOT NULL,
  valid_from timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  recorded_by text NOT NULL,
  reason text,
  corrects text,
  superseded_by text,
  superseded_at timestamptz,
  PRIMARY KEY (namespace, id),
  CHECK (price_per_token IS NOT NULL OR corrects IS NOT NULL)
);
-- One answer to "what did it cost then"; also what prices are looked up by.
CREATE UNIQUE INDEX price_book_in_force ON price_book_entries (namespace, provider, model, token_type, valid_from)
  WHERE superseded_by IS NULL AND price_per_token IS NOT NULL;
CREATE UNIQUE INDEX price_book_corrected_once ON price_book_entries (namespace, corrects);
