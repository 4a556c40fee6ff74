import type { RequestContext } from '@ledgerline/contract';
import type { Fact, WorkScope } from '@ledgerline/kernel';
import type { ApiKey } from '../core/api-key.js';

/** Without idempotency: the stored answer of a repetition would be a key in plain text. */
export const scopeOf = ({ namespace, actor, requestId }: RequestContext): WorkScope => ({
  namespace,
  actor,
  cause: requestId,
});

/** Neither the key nor its hash: the journal is read by many. */
export const apiKeyFact = (type: 'ApiKeyCreated' | 'ApiKeyRevoked', key: ApiKey): Fact => ({
  stream: `api-key:${key.id}`,
  type,
  data: {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes,
    expiresAt: key.expiresAt?.toString() ?? null,
  },
});
