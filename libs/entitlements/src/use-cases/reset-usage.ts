import type { RequestContext } from '@ledgerline/contract';
import type { ResetRequest } from '@ledgerline/credits/core';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideUsageReset } from '../core/decide-usage-reset.js';
import type { EntitlementStore } from '../core/ports.js';
import { ENTITLEMENT_STORE } from '../tokens.js';
import { FindOwned, type Owner } from './find-owned.js';
import { type Attempt, scopeOf, usageReset } from './scope.js';

export interface ResetOrder {
  readonly owner: Owner;
  readonly idOrFeatureKey: string;
  readonly request: ResetRequest;
}

/** Begins a new stretch of usage periods. Nothing is calculated here: balances follow from it when they are asked for. */
export class ResetUsage {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
  ) {}

  run(
    context: RequestContext,
    { owner, idOrFeatureKey, request }: ResetOrder,
    attempt: Attempt,
  ): Promise<void> {
    return this.unitOfWork.run(scopeOf(context, attempt), async (tx) => {
      const entitlement = await this.owned.lockEntitlement(tx, owner, idOrFeatureKey);
      const entry = acceptedOrThrow(decideUsageReset(entitlement, request, tx.at));
      const reset = { ...entry, id: newId() };
      await this.entitlements.addReset(tx, entitlement.id, reset);
      await this.unitOfWork.append(tx, [usageReset(entitlement, reset)]);
    });
  }
}
