import type { Db, Instant } from '@ledgerline/kernel';
import { apiKeysLock, instantFromDb, managerOf } from '@ledgerline/platform/postgres';
import type { DataSource } from 'typeorm';
import type { ApiKey } from '../core/api-key.js';
import type { PublicationStore } from '../core/ports.js';
import { apiKeyColumns, apiKeyFromDb, type ApiKeyRow } from './api-key-rows.js';

// Every key is told again now and then, revoked ones too: a topic that lost a record, or came from a backup, heals.
// Real time, because it is the broker's memory and not the customer's calendar that is mistrusted.
const due = `namespace = $1 AND (published_version < version OR published_at < clock_timestamp() - interval '10 minutes')`;

export class PostgresPublicationStore implements PublicationStore {
  constructor(private readonly source: DataSource) {}

  async whileAlone(work: () => Promise<void>): Promise<void> {
    const runner = this.source.createQueryRunner();
    await runner.connect();
    try {
      await runner.query('SELECT pg_advisory_lock($1, 0)', [apiKeysLock]);
      try {
        await work();
      } finally {
        await runner.query('SELECT pg_advisory_unlock($1, 0)', [apiKeysLock]);
      }
    } finally {
      await runner.release();
    }
  }

  async listDue(namespace: string): Promise<readonly ApiKey[]> {
    const rows = await this.source.query<ApiKeyRow[]>(
      `SELECT ${apiKeyColumns} FROM api_keys WHERE ${due} ORDER BY id LIMIT 1000`,
      [namespace],
    );
    return rows.map(apiKeyFromDb);
  }

  async findDueAt(db: Db): Promise<Instant | undefined> {
    const [row]: { at: Date | null }[] = await managerOf(db).query(
      `SELECT min(coalesce(revoked_at, created_at)) AS at FROM api_keys WHERE ${due}`,
      [db.namespace],
    );
    return row === undefined || row.at === null ? undefined : instantFromDb(row.at);
  }

  async markPublished(keys: readonly ApiKey[]): Promise<void> {
    await this.source.query(
      `UPDATE api_keys SET published_version = told.version, published_at = clock_timestamp()
       FROM unnest($1::text[], $2::int[]) AS told (id, version)
       WHERE api_keys.id = told.id AND published_version <= told.version`,
      [keys.map(({ id }) => id), keys.map(({ version }) => version)],
    );
  }
}
