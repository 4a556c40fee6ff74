import type { Customer, DeletionGuard } from '@ledgerline/customers/core';
import { type Db, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { SubscriptionStore } from '../core/ports.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';

/** Answers customers: whoever has a subscription that runs or will run cannot go. */
export class RefuseCustomerDeletion implements DeletionGuard {
  constructor(@Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore) {}

  async check(db: Db, customer: Customer, now: Instant): Promise<Refusal | undefined> {
    const [first] = await this.subscriptions.findOpenOf(db, [customer.id], now);
    if (first === undefined) return undefined;
    return refusal.invalid(
      `validation error: customer ${customer.id} still have active subscriptions, please cancel them before deleting the customer`,
    );
  }
}
