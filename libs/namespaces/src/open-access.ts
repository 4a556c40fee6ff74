import type { UnitOfWork } from '@ledgerline/kernel';
import { PostgresApiKeyStore } from './store/postgres-api-key-store.js';
import { PostgresNamespaceStore } from './store/postgres-namespace-store.js';
import { CreateApiKey } from './use-cases/create-api-key.js';
import { CreateNamespace } from './use-cases/create-namespace.js';
import { ReadAccess } from './use-cases/read-access.js';
import { RevokeApiKey } from './use-cases/revoke-api-key.js';

export interface Access {
  readonly createApiKey: CreateApiKey;
  readonly createNamespace: CreateNamespace;
  readonly revokeApiKey: RevokeApiKey;
  readonly read: ReadAccess;
}

/** The same use cases for a command, which makes the first key when there is nobody yet who could ask over HTTP. */
export function openAccess(unitOfWork: UnitOfWork): Access {
  const apiKeys = new PostgresApiKeyStore();
  const namespaces = new PostgresNamespaceStore();
  const createApiKey = new CreateApiKey(unitOfWork, apiKeys);
  return {
    createApiKey,
    createNamespace: new CreateNamespace(unitOfWork, namespaces, createApiKey),
    revokeApiKey: new RevokeApiKey(unitOfWork, apiKeys),
    read: new ReadAccess(unitOfWork, namespaces, apiKeys),
  };
}
