import { refusal, Refused, type UnitOfWork, type WorkScope } from '@ledgerline/kernel';
import { type ApiKey, revoked } from '../core/api-key.js';
import type { ApiKeyStore } from '../core/ports.js';
import { apiKeyFact } from './scope.js';

export class RevokeApiKey {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly apiKeys: ApiKeyStore,
  ) {}

  run(scope: WorkScope, id: string): Promise<ApiKey> {
    return this.unitOfWork.run(scope, async (tx) => {
      const key = await this.apiKeys.findForUpdate(tx, id);
      if (key === undefined) throw new Refused(refusal.notFound(`there is no API key ${id}`));
      const changed = revoked(key, tx.at);
      if (changed === key) return key;
      await this.apiKeys.update(tx, changed);
      await this.unitOfWork.append(tx, [apiKeyFact('ApiKeyRevoked', changed)]);
      return changed;
    });
  }
}
