import type { UnitOfWork } from '@ledgerline/kernel';
import type { ApiKey } from '../core/api-key.js';
import type { Namespace } from '../core/namespace.js';
import type { ApiKeyStore, NamespaceStore, Page, Window } from '../core/ports.js';

export class ReadAccess {
  constructor(
    private readonly unitOfWork: Pick<UnitOfWork, 'reader'>,
    private readonly namespaces: NamespaceStore,
    private readonly apiKeys: ApiKeyStore,
  ) {}

  hasNamespace(namespace: string): Promise<boolean> {
    return this.namespaces.exists(this.unitOfWork.reader(namespace));
  }

  listApiKeys(namespace: string, window: Window): Promise<Page<ApiKey>> {
    return this.apiKeys.list(this.unitOfWork.reader(namespace), window);
  }

  /** Of the whole installation, whatever namespace the operator's key is of. */
  listNamespaces(namespace: string, window: Window): Promise<Page<Namespace>> {
    return this.namespaces.list(this.unitOfWork.reader(namespace), window);
  }
}
