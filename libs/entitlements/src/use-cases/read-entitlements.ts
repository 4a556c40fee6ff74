import type { Customer } from '@ledgerline/customers/core';
import { type Clock, type Instant, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { entitlementNotFound } from '../core/decide-entitlement.js';
import type { Entitlement, EntitlementGrant } from '../core/entitlement.js';
import type {
  EntitlementListQuery,
  EntitlementStore,
  GrantListQuery,
  GrantStore,
  Page,
} from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import type { OwnedEntitlement } from './create-entitlement.js';
import { FindOwned, type Owner } from './find-owned.js';

/** Entitlements of one customer and the grants of one entitlement. */
export class ReadEntitlements {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(FindOwned) private readonly owned: FindOwned,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  get now(): Instant {
    return this.clock.now();
  }

  async get(namespace: string, owner: Owner, idOrFeatureKey: string): Promise<OwnedEntitlement> {
    const db = this.unitOfWork.reader(namespace);
    const customer = await this.owned.customer(db, owner);
    const entitlement = await this.owned.entitlement(db, customer, idOrFeatureKey, this.clock.now());
    if (entitlement === undefined) throw new Refused(entitlementNotFound(idOrFeatureKey));
    return { customer, entitlement };
  }

  async list(
    namespace: string,
    owner: Owner,
    query: Omit<EntitlementListQuery, 'customerIds' | 'activeAt'>,
  ): Promise<Page<Entitlement> & { readonly customer: Customer }> {
    const db = this.unitOfWork.reader(namespace);
    const customer = await this.owned.customer(db, owner);
    const page = await this.entitlements.list(db, {
      ...query,
      customerIds: [customer.id],
      activeAt: this.clock.now(),
    });
    return { ...page, customer };
  }

  async listGrants(
    namespace: string,
    place: { readonly owner: Owner; readonly idOrFeatureKey: string },
    query: GrantListQuery,
  ): Promise<Page<EntitlementGrant>> {
    const { entitlement } = await this.get(namespace, place.owner, place.idOrFeatureKey);
    const db = this.unitOfWork.reader(namespace);
    return this.grants.list(db, { ...query, entitlementId: entitlement.id });
  }
}
