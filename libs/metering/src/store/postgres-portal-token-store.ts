import type { Db, Instant, Tx } from '@ledgerline/kernel';
import { instantFromDb, instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { Sealer } from '@ledgerline/platform/secrets';
import type { PortalTokenStore, WhichTokens } from '../core/portal-ports.js';
import type { PortalToken } from '../core/portal-token.js';

interface TokenRow {
  readonly id: string;
  readonly subject: string;
  readonly allowed_meter_slugs: readonly string[] | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly invalidated_at: Date | null;
}

const columns = 'id, subject, allowed_meter_slugs, created_at, expires_at, invalidated_at';
// More than one creation adds, so that the table shrinks; few enough not to be felt.
const removedAtOnce = 100;

// Bound into what is sealed: a row moved to another namespace does not open.
const sealScope = (db: Db): string => `${db.namespace}/portal`;

export class PostgresPortalTokenStore implements PortalTokenStore {
  constructor(private readonly sealer: Sealer) {}

  async insert(tx: Tx, token: PortalToken): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO portal_tokens (namespace, ${columns}) VALUES ($1, $2, $3, $4, $5, $6, NULL)`,
      [
        tx.namespace,
        token.id,
        token.subject,
        token.allowedMeterSlugs ?? null,
        instantToDb(token.createdAt),
        instantToDb(token.expiresAt),
      ],
    );
  }

  async find(db: Db, id: string): Promise<PortalToken | undefined> {
    const rows = await managerOf(db).query<TokenRow[]>(
      `SELECT ${columns} FROM portal_tokens WHERE namespace = $1 AND id = $2`,
      [db.namespace, id],
    );
    return rows.map(fromDb)[0];
  }

  async list(db: Db, limit: number): Promise<readonly PortalToken[]> {
    const rows = await managerOf(db).query<TokenRow[]>(
      `SELECT ${columns} FROM portal_tokens WHERE namespace = $1 AND invalidated_at IS NULL
       ORDER BY created_at DESC, id DESC LIMIT $2`,
      [db.namespace, limit],
    );
    return rows.map(fromDb);
  }

  async invalidate(tx: Tx, { id, subject }: WhichTokens): Promise<readonly string[]> {
    const [rows] = await managerOf(tx).query<[{ readonly id: string }[], number]>(
      `UPDATE portal_tokens SET invalidated_at = $2
       WHERE namespace = $1 AND invalidated_at IS NULL
         AND ($3::text IS NULL OR id = $3) AND ($4::text IS NULL OR subject = $4)
       RETURNING id`,
      [tx.namespace, instantToDb(tx.at), id ?? null, subject ?? null],
    );
    return rows.map((row) => row.id);
  }

  async removeExpired(tx: Tx, before: Instant): Promise<void> {
    await managerOf(tx).query(
      `DELETE FROM portal_tokens WHERE (namespace, id) IN (
         SELECT namespace, id FROM portal_tokens WHERE namespace = $1 AND expires_at < $2
         ORDER BY expires_at LIMIT ${removedAtOnce} FOR UPDATE SKIP LOCKED
       )`,
      [tx.namespace, instantToDb(before)],
    );
  }

  async findSecret(db: Db): Promise<string | undefined> {
    const rows = await managerOf(db).query<{ readonly secret: string }[]>(
      'SELECT secret FROM portal_secrets WHERE namespace = $1',
      [db.namespace],
    );
    return rows[0] === undefined ? undefined : this.sealer.open(sealScope(db), rows[0].secret);
  }

  async keepSecret(tx: Tx, secret: string): Promise<string> {
    // An update that changes nothing waits for whoever inserts at the same time, and answers what they wrote.
    const rows = await managerOf(tx).query<{ readonly secret: string }[]>(
      `INSERT INTO portal_secrets (namespace, secret, created_at) VALUES ($1, $2, $3)
       ON CONFLICT (namespace) DO UPDATE SET secret = portal_secrets.secret RETURNING secret`,
      [tx.namespace, this.sealer.seal(sealScope(tx), secret), instantToDb(tx.at)],
    );
    return rows[0] === undefined ? secret : this.sealer.open(sealScope(tx), rows[0].secret);
  }
}

const fromDb = (row: TokenRow): PortalToken => ({
  id: row.id,
  subject: row.subject,
  allowedMeterSlugs: row.allowed_meter_slugs ?? undefined,
  createdAt: instantFromDb(row.created_at),
  expiresAt: instantFromDb(row.expires_at),
  invalidatedAt: row.invalidated_at === null ? undefined : instantFromDb(row.invalidated_at),
});
