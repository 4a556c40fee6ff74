import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCreate, type SubscriptionDraft } from '../core/decide-create.js';
import type { SubscriptionStore } from '../core/ports.js';
import type { Subscription } from '../core/subscription.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';
import { CommitSubscription } from './commit-subscription.js';
import { scopeOf } from './scope.js';
import { type OfferRequest, SetUpCreation } from './set-up-creation.js';

export interface SubscriptionRequest {
  /** Id or key. */
  readonly customer: string;
  readonly offer: OfferRequest;
  readonly draft: SubscriptionDraft;
}

export class CreateSubscription {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore,
    @Inject(SetUpCreation) private readonly setUp: SetUpCreation,
    @Inject(CommitSubscription) private readonly commit: CommitSubscription,
  ) {}

  run(context: RequestContext, request: SubscriptionRequest): Promise<Subscription> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const customer = await this.setUp.customer(tx, request.customer);
      const { features, ...offer } = await this.setUp.offer(tx, request.offer);
      const notReady = await this.setUp.notReady(tx, customer);
      const others = await this.subscriptions.findOpenOf(tx, [customer.id], tx.at);
      const { namespace, at: now } = tx;
      const facts = { namespace, now, customer, offer, features, notReady, others, nextId: newId };
      const { subscription, newCurrency } = acceptedOrThrow(decideCreate(request.draft, facts));
      if (newCurrency !== undefined) await this.setUp.adoptCurrency(tx, customer, newCurrency);
      return this.commit.run(tx, { before: undefined, after: subscription }, 'SubscriptionCreated');
    });
  }
}
