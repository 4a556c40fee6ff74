import type { components } from '@ledgerline/contract';
import { instant, toRfc3339 } from '@ledgerline/kernel';
import type { ApiKey, ApiKeyDraft } from '../core/api-key.js';
import type { Namespace } from '../core/namespace.js';
import type { Window } from '../core/ports.js';
import type { CreatedApiKey } from '../use-cases/create-api-key.js';

type Schemas = components['schemas'];

export const apiKeyToApi = (key: ApiKey): Schemas['LedgerlineApiKey'] => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  scopes: [...key.scopes],
  createdAt: toRfc3339(key.createdAt),
  ...(key.expiresAt !== undefined && { expiresAt: toRfc3339(key.expiresAt) }),
  ...(key.revokedAt !== undefined && { revokedAt: toRfc3339(key.revokedAt) }),
  ...(key.lastUsedAt !== undefined && { lastUsedAt: toRfc3339(key.lastUsedAt) }),
});

export const createdApiKeyToApi = ({ apiKey, key }: CreatedApiKey): Schemas['LedgerlineApiKeyCreated'] => ({
  apiKey: apiKeyToApi(apiKey),
  key,
});

export const apiKeyFromApi = (body: Schemas['LedgerlineApiKeyCreate']): ApiKeyDraft => ({
  name: body.name,
  scopes: body.scopes,
  expiresAt: body.expiresAt === undefined ? undefined : instant(body.expiresAt),
});

export const namespaceToApi = ({ namespace, createdAt }: Namespace): Schemas['LedgerlineNamespace'] => ({
  namespace,
  createdAt: toRfc3339(createdAt),
});

export const windowFromApi = (query: { readonly page: number; readonly pageSize: number }): Window => ({
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});
