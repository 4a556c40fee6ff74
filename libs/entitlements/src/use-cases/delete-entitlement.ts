import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideDeleteEntitlement } from '../core/decide-entitlement.js';
import type { EntitlementStore, GrantStore } from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import { FindOwned, type Owner } from './find-owned.js';
import { entitlementDeleted, scopeOf } from './scope.js';

export class DeleteEntitlement {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  run(context: RequestContext, owner: Owner, idOrFeatureKey: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const entitlement = await this.owned.lockEntitlement(tx, owner, idOrFeatureKey);
      const deleted = acceptedOrThrow(decideDeleteEntitlement(entitlement, tx.at));
      await this.entitlements.update(tx, deleted);
      await this.grants.deleteOf(tx, deleted);
      await this.unitOfWork.append(tx, [entitlementDeleted(tx, deleted)]);
    });
  }
}
