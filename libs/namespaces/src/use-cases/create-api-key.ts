import { acceptedOrThrow, newId, type Tx, type UnitOfWork, type WorkScope } from '@ledgerline/kernel';
import { type ApiKey, type ApiKeyDraft, decideCreateApiKey } from '../core/api-key.js';
import { prefixOf } from '../core/key-text.js';
import type { ApiKeyStore } from '../core/ports.js';
import { hashOfKey, newKeyText } from './key-secret.js';
import { apiKeyFact } from './scope.js';

export interface CreatedApiKey {
  readonly apiKey: ApiKey;
  /** The only time that anybody sees it. */
  readonly key: string;
}

/** Makes a key and forgets it: what stays is its hash. */
export class CreateApiKey {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly apiKeys: ApiKeyStore,
  ) {}

  run(scope: WorkScope, draft: ApiKeyDraft): Promise<CreatedApiKey> {
    return this.unitOfWork.run(scope, (tx) => this.inside(tx, draft));
  }

  async inside(tx: Tx, draft: ApiKeyDraft): Promise<CreatedApiKey> {
    const key = newKeyText();
    const liveKeys = await this.apiKeys.countLive(tx);
    const apiKey = acceptedOrThrow(
      decideCreateApiKey(draft, {
        id: newId(),
        namespace: tx.namespace,
        prefix: prefixOf(key),
        hash: hashOfKey(key),
        now: tx.at,
        liveKeys,
      }),
    );
    await this.apiKeys.insert(tx, apiKey);
    await this.unitOfWork.append(tx, [apiKeyFact('ApiKeyCreated', apiKey)]);
    return { apiKey, key };
  }
}
