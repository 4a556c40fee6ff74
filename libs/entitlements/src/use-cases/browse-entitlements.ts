import { CUSTOMERS } from '@ledgerline/customers';
import { type Customer, customerNotFound, type Customers } from '@ledgerline/customers/core';
import { type Clock, type Db, type Instant, invariant, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { entitlementNotFound } from '../core/decide-entitlement.js';
import type { EntitlementGrant } from '../core/entitlement.js';
import type {
  EntitlementListQuery,
  EntitlementStore,
  GrantListQuery,
  GrantStore,
  Page,
} from '../core/ports.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from '../tokens.js';
import type { OwnedEntitlement } from './create-entitlement.js';

/** Whose entitlements; each list that is absent lets everybody through. An unknown subject or customer owns nothing. */
export interface Owners {
  readonly subjects?: readonly string[] | undefined;
  readonly customerIds?: readonly string[] | undefined;
  readonly customerKeys?: readonly string[] | undefined;
}

/** Entitlements and grants of all customers. */
export class BrowseEntitlements {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CUSTOMERS) private readonly customers: Customers,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
  ) {}

  get now(): Instant {
    return this.clock.now();
  }

  async get(namespace: string, id: string): Promise<OwnedEntitlement> {
    const db = this.unitOfWork.reader(namespace);
    const entitlement = await this.entitlements.find(db, id);
    if (entitlement === undefined) throw new Refused(entitlementNotFound(id));
    const [customer] = await this.customers.findMany(db, [entitlement.customerId]);
    invariant(customer !== undefined, `the customer of entitlement ${id} exists`);
    return { entitlement, customer };
  }

  async list(
    namespace: string,
    owners: Owners,
    query: Omit<EntitlementListQuery, 'customerIds' | 'activeAt'> & { readonly excludeInactive: boolean },
  ): Promise<Page<OwnedEntitlement>> {
    const db = this.unitOfWork.reader(namespace);
    const { items, totalCount } = await this.entitlements.list(db, {
      ...query,
      customerIds: await this.idsOf(db, owners),
      activeAt: query.excludeInactive ? this.clock.now() : undefined,
    });
    const found = await this.customers.findMany(db, [...new Set(items.map(({ customerId }) => customerId))]);
    const byId = new Map(found.map((customer) => [customer.id, customer]));
    const owned = items.map((entitlement) => {
      const customer = byId.get(entitlement.customerId);
      invariant(customer !== undefined, `the customer of entitlement ${entitlement.id} exists`);
      return { entitlement, customer };
    });
    return { items: owned, totalCount };
  }

  async listGrants(
    namespace: string,
    owners: Owners,
    query: Omit<GrantListQuery, 'customerIds' | 'entitlementId'>,
  ): Promise<Page<EntitlementGrant>> {
    const db = this.unitOfWork.reader(namespace);
    return this.grants.list(db, { ...query, customerIds: await this.idsOf(db, owners) });
  }

  /** Of customers that a grant list names by id or key: an unknown one is not found. */
  async requireCustomers(namespace: string, idsOrKeys: readonly string[]): Promise<readonly string[]> {
    const db = this.unitOfWork.reader(namespace);
    const ids: string[] = [];
    for (const idOrKey of idsOrKeys) {
      const customer = await this.customers.find(db, idOrKey);
      if (customer === undefined) throw new Refused(customerNotFound(namespace, idOrKey));
      ids.push(customer.id);
    }
    return ids;
  }

  private async idsOf(db: Db, { subjects, customerIds, customerKeys }: Owners) {
    const lists: (readonly string[])[] = [];
    if (customerIds !== undefined) lists.push(customerIds);
    if (subjects !== undefined)
      lists.push(await this.found(subjects, (subject) => this.customers.findBySubject(db, subject)));
    if (customerKeys !== undefined) {
      const byKey = async (key: string) => {
        const customer = await this.customers.find(db, key);
        return customer?.key === key ? customer : undefined;
      };
      lists.push(await this.found(customerKeys, byKey));
    }
    const [first, ...rest] = lists;
    return first?.filter((id) => rest.every((others) => others.includes(id)));
  }

  private async found(
    names: readonly string[],
    find: (name: string) => Promise<Customer | undefined>,
  ): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const name of names) {
      const customer = await find(name);
      if (customer !== undefined) ids.push(customer.id);
    }
    return ids;
  }
}
