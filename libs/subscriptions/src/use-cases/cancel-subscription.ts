import { CUSTOMERS } from '@ledgerline/customers';
import type { Customers } from '@ledgerline/customers/core';
import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCancel } from '../core/decide-end.js';
import type { SubscriptionStore } from '../core/ports.js';
import type { Timing } from '../core/resolve-timing.js';
import type { Subscription } from '../core/subscription.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';
import { CommitSubscription } from './commit-subscription.js';
import { findForChange } from './find-for-change.js';
import { scopeOf } from './scope.js';

export class CancelSubscription {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore,
    @Inject(CUSTOMERS) private readonly customers: Customers,
    @Inject(CommitSubscription) private readonly commit: CommitSubscription,
  ) {}

  run(context: RequestContext, id: string, timing: Timing): Promise<Subscription> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const { subscriptions, customers } = this;
      const before = await findForChange(tx, id, { subscriptions, customers });
      const after = acceptedOrThrow(decideCancel(before, timing, tx.at));
      return this.commit.run(tx, { before, after }, 'SubscriptionCanceled');
    });
  }
}
