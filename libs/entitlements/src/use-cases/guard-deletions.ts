import type { Customer, DeletionGuard } from '@ledgerline/customers/core';
import { type Db, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { EntitlementStore } from '../core/ports.js';
import { ENTITLEMENT_STORE } from '../tokens.js';

/** Says what must not be deleted because entitlements stand on it. */
export class GuardDeletions implements DeletionGuard {
  constructor(@Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore) {}

  /** Asked by customers. */
  async check(db: Db, customer: Customer, now: Instant): Promise<Refusal | undefined> {
    const active = await this.entitlements.findAllActive(db, customer.id, now);
    if (active.length === 0) return undefined;
    const ids = active.map(({ id }) => id).join(', ');
    return refusal.conflict(
      `conflict error: customer ${customer.id} has active entitlements, please delete them first: ${ids}`,
    );
  }

  /** Asked by the catalog about a meter. */
  countOnMeter(db: Db, meterId: string, now: Instant): Promise<number> {
    return this.entitlements.countOnMeter(db, meterId, now);
  }
}
