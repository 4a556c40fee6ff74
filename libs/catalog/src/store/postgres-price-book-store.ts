import { decimal, type Db, Refused, refusal, toNumeric, type Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, isUniqueViolation, managerOf } from '@ledgerline/platform/postgres';
import { priceTaken } from '../core/decide-price.js';
import type { PriceBookStore, PriceListQuery, PricePage } from '../core/ports.js';
import {
  candidatesOf,
  joinTimelines,
  type PriceBookEntry,
  type PriceKey,
  type PriceStep,
  type Timeline,
  type TokenType,
} from '../core/price-book.js';

/** A row of `price_book_entries`, as pg delivers it. */
interface PriceRow {
  readonly namespace: string;
  readonly id: string;
  readonly provider: string;
  readonly model: string;
  readonly token_type: TokenType;
  readonly price_per_token: string | null;
  readonly currency: string;
  readonly valid_from: Date;
  readonly recorded_at: Date;
  readonly recorded_by: string;
  readonly reason: string | null;
  readonly corrects: string | null;
  readonly superseded_by: string | null;
  readonly superseded_at: Date | null;
}

type StepRow = Pick<PriceRow, 'provider' | 'model' | 'token_type' | 'valid_from'> & {
  readonly price_per_token: string;
};

const columns = `namespace, id, provider, model, token_type, price_per_token, currency, valid_from, recorded_at,
  recorded_by, reason, corrects, superseded_by, superseded_at`;
const inForce = 'superseded_by IS NULL AND price_per_token IS NOT NULL';
/** A question that needs more prices than this asks about models by the hundred or prices by the minute. */
const stepsMax = 10_000;

export class PostgresPriceBookStore implements PriceBookStore {
  async insert(tx: Tx, entry: PriceBookEntry): Promise<void> {
    try {
      await managerOf(tx).query(
        `INSERT INTO price_book_entries (${columns})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, NULL)`,
        [
          entry.namespace,
          entry.id,
          entry.provider,
          entry.model,
          entry.tokenType,
          entry.pricePerToken === undefined ? null : toNumeric(entry.pricePerToken),
          entry.currency,
          instantToDb(entry.validFrom),
          instantToDb(entry.recordedAt),
          entry.recordedBy,
          entry.reason ?? null,
          entry.corrects ?? null,
        ],
      );
    } catch (error) {
      if (isUniqueViolation(error, 'price_book_in_force')) {
        throw new Refused(priceTaken(entry, entry.validFrom));
      }
      throw error;
    }
  }

  async findForChange(tx: Tx, id: string): Promise<PriceBookEntry | undefined> {
    const [row]: PriceRow[] = await managerOf(tx).query(
      `SELECT ${columns} FROM price_book_entries WHERE namespace = $1 AND id = $2 FOR UPDATE`,
      [tx.namespace, id],
    );
    return row === undefined ? undefined : entryFromDb(row);
  }

  async supersede(tx: Tx, by: PriceBookEntry): Promise<void> {
    await managerOf(tx).query(
      `UPDATE price_book_entries SET superseded_by = $3, superseded_at = $4
       WHERE namespace = $1 AND id = $2 AND superseded_by IS NULL`,
      [by.namespace, by.corrects, by.id, instantToDb(by.recordedAt)],
    );
  }

  async list(db: Db, query: PriceListQuery): Promise<PricePage> {
    const where = `namespace = $1 AND ($2::text IS NULL OR provider = $2) AND ($3::text IS NULL OR model = $3)
      AND ($4::text IS NULL OR token_type = $4) AND ($5 OR (${inForce}))
      AND ($6::timestamptz IS NULL OR (${inForce} AND valid_from <= $6))`;
    const found =
      query.at === undefined
        ? `SELECT ${columns} FROM price_book_entries WHERE ${where}`
        : `SELECT DISTINCT ON (provider, model, token_type) ${columns} FROM price_book_entries WHERE ${where}
           ORDER BY provider, model, token_type, valid_from DESC`;
    const values = [
      db.namespace,
      query.provider ?? null,
      query.model ?? null,
      query.tokenType ?? null,
      query.includeSuperseded,
      query.at === undefined ? null : instantToDb(query.at),
    ];
    const rows: PriceRow[] = await managerOf(db).query(
      `SELECT * FROM (${found}) AS found
       ORDER BY provider, model, token_type, valid_from, id LIMIT $7 OFFSET $8`,
      [...values, query.limit, query.offset],
    );
    const [count]: { total: number }[] = await managerOf(db).query(
      `SELECT count(*)::int AS total FROM (${found}) AS found`,
      values,
    );
    return { items: rows.map(entryFromDb), totalCount: count?.total ?? 0 };
  }

  async timelines(db: Db, keys: readonly PriceKey[]): Promise<(key: PriceKey) => Timeline> {
    const wanted = new Map(
      keys
        .flatMap(candidatesOf)
        .filter(isText)
        .map((key) => [JSON.stringify([key.provider, key.model]), key]),
    );
    if (wanted.size === 0) return () => [];
    const models = [...wanted.values()];
    const rows: StepRow[] = await managerOf(db).query(
      `SELECT provider, model, token_type, price_per_token, valid_from FROM price_book_entries
       WHERE namespace = $1 AND ${inForce}
         AND (provider, model) IN (SELECT * FROM unnest($2::text[], $3::text[]))
       ORDER BY valid_from LIMIT ${stepsMax + 1}`,
      [db.namespace, models.map(({ provider }) => provider), models.map(({ model }) => model)],
    );
    if (rows.length > stepsMax) {
      throw new Refused(refusal.invalid(`more than ${stepsMax} prices are needed: narrow the question down`));
    }
    const steps = new Map<string, PriceStep[]>();
    for (const row of rows) {
      const identity = identityOf({ provider: row.provider, model: row.model, tokenType: row.token_type });
      const step = { validFrom: instantFromDb(row.valid_from), pricePerToken: decimal(row.price_per_token) };
      const known = steps.get(identity);
      if (known === undefined) steps.set(identity, [step]);
      else known.push(step);
    }
    const joined = new Map<string, Timeline>();
    return (key) => {
      const identity = identityOf(key);
      const known =
        joined.get(identity) ??
        joinTimelines(candidatesOf(key).map((one) => steps.get(identityOf(one)) ?? []));
      joined.set(identity, known);
      return known;
    };
  }
}

// Events may hold what no text of Postgres can; the book has no price for it.
const isText = ({ provider, model }: PriceKey): boolean => !provider.includes('\0') && !model.includes('\0');

const identityOf = ({ provider, model, tokenType }: PriceKey): string =>
  JSON.stringify([provider, model, tokenType]);

const entryFromDb = (row: PriceRow): PriceBookEntry => ({
  id: row.id,
  namespace: row.namespace,
  provider: row.provider,
  model: row.model,
  tokenType: row.token_type,
  pricePerToken: row.price_per_token === null ? undefined : decimal(row.price_per_token),
  currency: row.currency,
  validFrom: instantFromDb(row.valid_from),
  recordedAt: instantFromDb(row.recorded_at),
  recordedBy: row.recorded_by,
  reason: row.reason ?? undefined,
  corrects: row.corrects ?? undefined,
  superseded:
    row.superseded_by === null || row.superseded_at === null
      ? undefined
      : { by: row.superseded_by, at: instantFromDb(row.superseded_at) },
});
