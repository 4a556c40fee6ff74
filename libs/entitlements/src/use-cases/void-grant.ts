import type { RequestContext } from '@ledgerline/contract';
import { decideVoidGrant, usagePeriodAt } from '@ledgerline/credits/core';
import {
  acceptedOrThrow,
  type Instant,
  refusal,
  Refused,
  type Tx,
  type UnitOfWork,
} from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { type EntitlementGrant, usagePeriodsOf } from '../core/entitlement.js';
import type { EntitlementStore, GrantStore } from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import { meteredOrThrow } from './create-grant.js';
import { grantVoided, scopeOf } from './scope.js';

/** Ends a grant; it stays listed. */
export class VoidGrant {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  run(context: RequestContext, grantId: string, at: Instant | undefined): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const entitlement = meteredOrThrow(await this.lockEntitlementOf(tx, grantId));
      const grant = await this.findGrant(tx, grantId);
      const currentUsagePeriod = usagePeriodAt(usagePeriodsOf(entitlement), tx.at);
      const { voidedAt } = acceptedOrThrow(
        decideVoidGrant(grant, { at }, { now: tx.at, currentUsagePeriod }),
      );
      const voided = { ...grant, voidedAt, updatedAt: tx.at };
      await this.grants.void(tx, voided);
      await this.unitOfWork.append(tx, [grantVoided(tx, voided)]);
    });
  }

  private async lockEntitlementOf(tx: Tx, grantId: string) {
    const { entitlementId } = await this.findGrant(tx, grantId);
    const entitlement = await this.entitlements.lock(tx, entitlementId);
    if (entitlement === undefined) throw new Refused(grantNotFound(grantId));
    return entitlement;
  }

  private async findGrant(tx: Tx, grantId: string): Promise<EntitlementGrant> {
    const grant = await this.grants.find(tx, grantId);
    if (grant === undefined || grant.deletedAt !== undefined) throw new Refused(grantNotFound(grantId));
    return grant;
  }
}

const grantNotFound = (id: string) => refusal.notFound(`not found error: grant ${id} not found`);
