import { type Scope, scopes } from '@ledgerline/contract';
import type { ApiKey } from './api-key.js';

/** A key as the topic tells it to services without a database: all that is needed to check it, and no more. */
export interface KeyRecord {
  readonly id: string;
  readonly namespace: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly version: number;
  readonly isRevoked: boolean;
  readonly expiresAtMs: number | undefined;
}

const recordVersion = 1;

export const encodeKeyRecord = (key: ApiKey): string =>
  JSON.stringify({
    v: recordVersion,
    id: key.id,
    namespace: key.namespace,
    hash: key.hash,
    scopes: key.scopes,
    version: key.version,
    revoked: key.revokedAt !== undefined,
    expiresAtMs: key.expiresAt?.epochMilliseconds ?? null,
  });

/** Throws with the reason for anything that is not a record of ours: whoever cannot read a key must not accept it. */
export function decodeKeyRecord(text: string): KeyRecord {
  const record = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
  const { v, id, namespace, hash, scopes: held, version, revoked, expiresAtMs } = record ?? {};
  if (v !== recordVersion) throw new Error(`an API key record of version ${String(v)}, not ${recordVersion}`);
  if (
    !isText(id) ||
    !isText(namespace) ||
    !isText(hash) ||
    !Array.isArray(held) ||
    typeof version !== 'number' ||
    typeof revoked !== 'boolean' ||
    (typeof expiresAtMs !== 'number' && expiresAtMs !== null)
  ) {
    throw new Error('an API key record with a field missing or of another type');
  }
  return {
    id,
    namespace,
    hash,
    // A scope of a later version gives nothing here.
    scopes: scopes.filter((scope) => held.includes(scope)),
    version,
    isRevoked: revoked,
    expiresAtMs: expiresAtMs ?? undefined,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
