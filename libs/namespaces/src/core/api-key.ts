import type { Scope } from '@ledgerline/contract';
import { type Decision, type Instant, isAtOrBefore, refusal } from '@ledgerline/kernel';

/** A credential of one namespace. The key itself is not here: it was shown once. */
export interface ApiKey {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly prefix: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant | undefined;
  readonly revokedAt: Instant | undefined;
  readonly lastUsedAt: Instant | undefined;
  /** 1 when made; each change adds one. */
  readonly version: number;
}

export interface ApiKeyDraft {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Instant | undefined;
}

interface Facts {
  readonly id: string;
  readonly namespace: string;
  readonly prefix: string;
  readonly hash: string;
  readonly now: Instant;
  /** Keys of the namespace that are neither revoked nor expired. */
  readonly liveKeys: number;
}

/** Every ingest process holds all keys in memory, and nobody can look after more by hand. */
const liveKeysMax = 1_000;
const nameMax = 256;

export function decideCreateApiKey(draft: ApiKeyDraft, facts: Facts): Decision<ApiKey> {
  const { now, liveKeys, ...rest } = facts;
  const { name, expiresAt } = draft;
  const scopes = [...new Set(draft.scopes)];
  const refuse = (field: string, code: string, message: string) => ({
    refused: refusal.invalidField(field, code, message),
  });
  if (name === '' || name.length > nameMax || name.includes('\u0000')) {
    return refuse('$.name', 'api_key.name', `must have 1 to ${nameMax} characters and no NUL`);
  }
  if (scopes.length === 0) return refuse('$.scopes', 'api_key.scopes', 'must name at least one scope');
  if (expiresAt !== undefined && isAtOrBefore(expiresAt, now)) {
    return refuse('$.expiresAt', 'api_key.expires_in_the_past', 'must lie ahead');
  }
  if (liveKeys >= liveKeysMax) {
    return {
      refused: refusal.conflict(`a namespace has at most ${liveKeysMax} keys that are valid; revoke some`),
    };
  }
  return {
    accepted: {
      ...rest,
      name,
      scopes,
      expiresAt,
      createdAt: now,
      revokedAt: undefined,
      lastUsedAt: undefined,
      version: 1,
    },
  };
}

/** The key, revoked; the same key when it was revoked before. */
export const revoked = (key: ApiKey, now: Instant): ApiKey =>
  key.revokedAt === undefined ? { ...key, revokedAt: now, version: key.version + 1 } : key;
