import type { Db, Instant } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import { isActiveAt } from '../core/materialise.js';
import type { Subscriptions, SubscriptionStore } from '../core/ports.js';
import { viewOf } from '../core/subscription.js';
import type { SubscriptionView } from '../core/subscription-view.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';

/** The face of this room for higher ones. */
export class LoadSubscriptions implements Subscriptions {
  constructor(@Inject(SUBSCRIPTION_STORE) private readonly store: SubscriptionStore) {}

  async load(db: Db, id: string): Promise<SubscriptionView | undefined> {
    const subscription = await this.store.find(db, id);
    return subscription === undefined ? undefined : viewOf(subscription);
  }

  async activeOf(db: Db, customerId: string, now: Instant): Promise<readonly SubscriptionView[]> {
    const open = await this.store.findOpenOf(db, [customerId], now);
    return open.filter((subscription) => isActiveAt(subscription, now)).map(viewOf);
  }
}
