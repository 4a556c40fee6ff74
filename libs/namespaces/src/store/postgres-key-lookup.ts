import type { Instant } from '@ledgerline/kernel';
import { instantToDb } from '@ledgerline/platform/postgres';
import { timingSafeEqual } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { ApiKey } from '../core/api-key.js';
import type { KeyLookup } from '../core/ports.js';
import { apiKeyColumns, apiKeyFromDb, type ApiKeyRow } from './api-key-rows.js';

// One round trip. Noted to the minute, so that a busy key does not become a row that everybody writes.
const use = `
WITH used AS (
  UPDATE api_keys SET last_used_at = $2
  WHERE hash = $1 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 minute'))
SELECT ${apiKeyColumns} FROM api_keys WHERE hash = $1`;

export class PostgresKeyLookup implements KeyLookup {
  constructor(private readonly source: DataSource) {}

  async use(hash: string, now: Instant): Promise<ApiKey | undefined> {
    const [row] = await this.source.query<ApiKeyRow[]>(use, [hash, instantToDb(now)]);
    // The index has compared already; this says it again without telling by its duration how much was right.
    if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return undefined;
    return apiKeyFromDb(row);
  }
}
