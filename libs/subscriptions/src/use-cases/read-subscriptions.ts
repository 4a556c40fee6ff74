import { CUSTOMERS } from '@ledgerline/customers';
import { customerIsDeleted, customerNotFound, type Customers } from '@ledgerline/customers/core';
import { type Clock, type Db, type Instant, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { subscriptionNotFound } from '../core/decide-end.js';
import type { SubscriptionListQuery, SubscriptionStore } from '../core/ports.js';
import { type Subscription, viewOf } from '../core/subscription.js';
import type { SubscriptionView } from '../core/subscription-view.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';

export interface Seen<T> {
  readonly found: T;
  readonly now: Instant;
  readonly db: Db;
}

/** Subscriptions by id, or those of a customer, as they are at one moment. */
export class ReadSubscriptions {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore,
    @Inject(CUSTOMERS) private readonly customers: Customers,
  ) {}

  async get(namespace: string, id: string): Promise<Seen<SubscriptionView>> {
    const db = this.unitOfWork.reader(namespace);
    const subscription = await this.subscriptions.find(db, id);
    if (subscription === undefined || subscription.deletedAt !== undefined) {
      throw new Refused(subscriptionNotFound(id));
    }
    return { found: viewOf(subscription), now: this.clock.now(), db };
  }

  async listOf(
    namespace: string,
    customerIdOrKey: string,
    query: Omit<SubscriptionListQuery, 'customerId' | 'now'>,
  ): Promise<{
    readonly items: readonly Subscription[];
    readonly totalCount: number;
    readonly now: Instant;
  }> {
    const db = this.unitOfWork.reader(namespace);
    const customer = await this.customers.find(db, customerIdOrKey);
    if (customer === undefined) throw new Refused(customerNotFound(namespace, customerIdOrKey));
    if (customer.deletedAt !== undefined) throw new Refused(customerIsDeleted(customer));
    const now = this.clock.now();
    const page = await this.subscriptions.list(db, { ...query, customerId: customer.id, now });
    return { ...page, now };
  }
}
