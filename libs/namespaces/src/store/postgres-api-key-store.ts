import type { Db, Instant, Tx } from '@ledgerline/kernel';
import { instantToDb, managerOf } from '@ledgerline/platform/postgres';
import type { ApiKey } from '../core/api-key.js';
import type { ApiKeyStore, Page, Window } from '../core/ports.js';
import { apiKeyColumns, apiKeyFromDb, type ApiKeyRow } from './api-key-rows.js';

const toDb = (value: Instant | undefined): string | null => (value === undefined ? null : instantToDb(value));

export class PostgresApiKeyStore implements ApiKeyStore {
  async insert(tx: Tx, key: ApiKey): Promise<void> {
    await managerOf(tx).query(
      `INSERT INTO api_keys (${apiKeyColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        key.namespace,
        key.id,
        key.name,
        key.prefix,
        key.hash,
        key.scopes,
        instantToDb(key.createdAt),
        toDb(key.expiresAt),
        toDb(key.revokedAt),
        toDb(key.lastUsedAt),
        key.version,
      ],
    );
  }

  async findForUpdate(tx: Tx, id: string): Promise<ApiKey | undefined> {
    const [row]: ApiKeyRow[] = await managerOf(tx).query(
      `SELECT ${apiKeyColumns} FROM api_keys WHERE namespace = $1 AND id = $2 FOR UPDATE`,
      [tx.namespace, id],
    );
    return row === undefined ? undefined : apiKeyFromDb(row);
  }

  async update(tx: Tx, key: ApiKey): Promise<void> {
    await managerOf(tx).query(
      `UPDATE api_keys SET revoked_at = $3, version = $4 WHERE namespace = $1 AND id = $2`,
      [tx.namespace, key.id, toDb(key.revokedAt), key.version],
    );
  }

  async list(db: Db, { limit, offset }: Window): Promise<Page<ApiKey>> {
    const manager = managerOf(db);
    const [count]: { count: string }[] = await manager.query(
      `SELECT count(*) FROM api_keys WHERE namespace = $1`,
      [db.namespace],
    );
    const rows: ApiKeyRow[] = await manager.query(
      `SELECT ${apiKeyColumns} FROM api_keys WHERE namespace = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3`,
      [db.namespace, limit, offset],
    );
    return { items: rows.map(apiKeyFromDb), totalCount: Number(count?.count ?? 0) };
  }

  async countLive(tx: Tx): Promise<number> {
    const manager = managerOf(tx);
    await manager.query(`SELECT 1 FROM namespaces WHERE namespace = $1 FOR UPDATE`, [tx.namespace]);
    const [row]: { count: string }[] = await manager.query(
      `SELECT count(*) FROM api_keys
       WHERE namespace = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`,
      [tx.namespace, instantToDb(tx.at)],
    );
    return Number(row?.count ?? 0);
  }
}
