import { type Scope, scopes } from '@ledgerline/contract';
import type { Instant } from '@ledgerline/kernel';
import { instantFromDb } from '@ledgerline/platform/postgres';
import type { ApiKey } from '../core/api-key.js';

export interface ApiKeyRow {
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly hash: string;
  readonly scopes: readonly string[];
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
  readonly version: number;
}

export const apiKeyColumns =
  'namespace, id, name, prefix, hash, scopes, created_at, expires_at, revoked_at, last_used_at, version';

const optional = (value: Date | null): Instant | undefined =>
  value === null ? undefined : instantFromDb(value);

export const apiKeyFromDb = (row: ApiKeyRow): ApiKey => ({
  namespace: row.namespace,
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  hash: row.hash,
  scopes: scopes.filter((scope: Scope) => row.scopes.includes(scope)),
  createdAt: instantFromDb(row.created_at),
  expiresAt: optional(row.expires_at),
  revokedAt: optional(row.revoked_at),
  lastUsedAt: optional(row.last_used_at),
  version: row.version,
});
