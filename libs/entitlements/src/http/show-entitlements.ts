import type { components } from '@ledgerline/contract';
import { CUSTOMERS } from '@ledgerline/customers';
import type { Customers } from '@ledgerline/customers/core';
import { type Clock, type Db, invariant } from '@ledgerline/kernel';
import { CLOCK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { EntitlementStore } from '../core/ports.js';
import { ENTITLEMENT_STORE } from '../tokens.js';
import { entitlementToApi, subjectKeyOf } from './convert-reply.js';

/** Answers subscriptions' question how the entitlements of its items look in a reply. */
export class ShowEntitlements {
  constructor(
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(CUSTOMERS) private readonly customers: Customers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async describe(
    db: Db,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, components['schemas']['Entitlement']>> {
    const entitlements = await this.entitlements.findMany(db, ids);
    const owners = await this.customers.findMany(db, [
      ...new Set(entitlements.map(({ customerId }) => customerId)),
    ]);
    const ownerById = new Map(owners.map((customer) => [customer.id, customer]));
    const now = this.clock.now();
    return new Map(
      entitlements.map((entitlement) => {
        const owner = ownerById.get(entitlement.customerId);
        invariant(owner !== undefined, `the customer of entitlement ${entitlement.id} exists`);
        return [entitlement.id, entitlementToApi(entitlement, subjectKeyOf(owner), now)];
      }),
    );
  }
}
