import { acceptedOrThrow, refusal, Refused, type UnitOfWork, type WorkScope } from '@ledgerline/kernel';
import type { ApiKeyDraft } from '../core/api-key.js';
import { decideNamespace } from '../core/namespace.js';
import type { NamespaceStore } from '../core/ports.js';
import type { CreateApiKey, CreatedApiKey } from './create-api-key.js';

/** Makes a namespace together with its first key, so that there is none that nobody can enter. */
export class CreateNamespace {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly namespaces: NamespaceStore,
    private readonly createApiKey: CreateApiKey,
  ) {}

  run(scope: WorkScope, firstKey: ApiKeyDraft): Promise<CreatedApiKey> {
    const namespace = acceptedOrThrow(decideNamespace(scope.namespace));
    return this.unitOfWork.run(scope, async (tx) => {
      if (!(await this.namespaces.insert(tx))) {
        throw new Refused(refusal.conflict(`there is a namespace ${namespace} already`));
      }
      await this.unitOfWork.append(tx, [
        { stream: `namespace:${namespace}`, type: 'NamespaceCreated', data: { namespace } },
      ]);
      return this.createApiKey.inside(tx, firstKey);
    });
  }
}
