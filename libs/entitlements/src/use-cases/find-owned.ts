import { CUSTOMERS } from '@ledgerline/customers';
import type { Customer, Customers } from '@ledgerline/customers/core';
import { customerIsDeleted, customerNotFound } from '@ledgerline/customers/core';
import { type Db, type Instant, refusal, Refused, type Tx } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import { entitlementNotFound } from '../core/decide-entitlement.js';
import type { Entitlement } from '../core/entitlement.js';
import type { EntitlementStore } from '../core/ports.js';
import { ENTITLEMENT_STORE } from '../tokens.js';

/** Whose entitlement is meant: v1 names a subject of the customer, v2 the customer. */
export type Owner = { readonly subject: string } | { readonly customerIdOrKey: string };

/** Finds who and what a path speaks of. */
export class FindOwned {
  constructor(
    @Inject(CUSTOMERS) private readonly customers: Customers,
    @Inject(ENTITLEMENT_STORE) private readonly entitlements: EntitlementStore,
  ) {}

  /** Throws: not found, or a precondition when the customer is deleted. */
  async customer(db: Db, owner: Owner): Promise<Customer> {
    if ('subject' in owner) {
      const customer = await this.customers.findBySubject(db, owner.subject);
      if (customer !== undefined) return customer;
      throw new Refused(
        refusal.notFound(
          `not found error: customer with subject key ${owner.subject} not found in ${db.namespace} namespace`,
        ),
      );
    }
    const customer = await this.customers.find(db, owner.customerIdOrKey);
    return living(db, owner.customerIdOrKey, customer);
  }

  /** As `customer`, but nobody else changes or deletes it until the transaction ends. */
  async lockCustomer(tx: Tx, owner: Owner): Promise<Customer> {
    const { id } = await this.customer(tx, owner);
    return living(tx, id, await this.customers.lock(tx, id));
  }

  /** By id, or the one of the feature key that is active `now`. */
  async entitlement(
    db: Db,
    customer: Customer,
    idOrFeatureKey: string,
    now: Instant,
  ): Promise<Entitlement | undefined> {
    const byId = await this.entitlements.find(db, idOrFeatureKey);
    if (byId?.customerId === customer.id) return byId;
    return this.entitlements.findActive(db, customer.id, idOrFeatureKey, now);
  }

  /** As `entitlement`, locked until the transaction ends; throws when there is none. */
  async lockEntitlement(tx: Tx, owner: Owner, idOrFeatureKey: string): Promise<Entitlement> {
    const customer = await this.customer(tx, owner);
    const found = await this.entitlement(tx, customer, idOrFeatureKey, tx.at);
    const locked = found && (await this.entitlements.lock(tx, found.id));
    if (locked === undefined) throw new Refused(entitlementNotFound(idOrFeatureKey));
    return locked;
  }
}

function living(db: Db, idOrKey: string, customer: Customer | undefined): Customer {
  if (customer === undefined) throw new Refused(customerNotFound(db.namespace, idOrKey));
  if (customer.deletedAt !== undefined) throw new Refused(customerIsDeleted(customer));
  return customer;
}
