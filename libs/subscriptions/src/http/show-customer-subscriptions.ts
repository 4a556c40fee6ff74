import type { ActiveSubscriptions, CustomerSubscriptions } from '@ledgerline/customers/core';
import type { Db, Instant } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import { isActiveAt } from '../core/materialise.js';
import type { SubscriptionStore } from '../core/ports.js';
import type { Subscription } from '../core/subscription.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';
import { subscriptionToApi } from './convert.js';

/** Answers customers, in the form in which customers shows subscriptions. */
export class ShowCustomerSubscriptions implements CustomerSubscriptions {
  constructor(@Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore) {}

  async activeOf(
    db: Db,
    customerIds: readonly string[],
    now: Instant,
  ): Promise<ReadonlyMap<string, ActiveSubscriptions>> {
    const open = await this.subscriptions.findOpenOf(db, customerIds, now);
    const byCustomer = new Map<string, Subscription[]>();
    for (const subscription of open.filter((each) => isActiveAt(each, now))) {
      const { customerId } = subscription;
      byCustomer.set(customerId, [...(byCustomer.get(customerId) ?? []), subscription]);
    }
    return new Map(
      [...byCustomer].map(([customerId, active]) => [
        customerId,
        {
          currentSubscriptionId: active[0]?.id,
          subscriptions: active.map((subscription) => subscriptionToApi(subscription, now)),
        },
      ]),
    );
  }

  customerIdsOnPlan(db: Db, planKey: string, now: Instant): Promise<readonly string[]> {
    return this.subscriptions.findCustomerIdsOnPlan(db, planKey, now);
  }
}
