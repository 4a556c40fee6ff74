import { CatalogModule } from '@ledgerline/catalog';
import { CustomersModule } from '@ledgerline/customers';
import { Module } from '@nestjs/common';
import { ShowCustomerSubscriptions } from './http/show-customer-subscriptions.js';
import { SubscriptionEndsController } from './http/subscription-ends.controller.js';
import { SubscriptionsController } from './http/subscriptions.controller.js';
import { PostgresSubscriptionStore } from './store/postgres-subscription-store.js';
import { SUBSCRIPTION_STORE, SUBSCRIPTIONS } from './tokens.js';
import { CancelSubscription } from './use-cases/cancel-subscription.js';
import { CommitSubscription } from './use-cases/commit-subscription.js';
import { ContinueSubscription } from './use-cases/continue-subscription.js';
import { CreateSubscription } from './use-cases/create-subscription.js';
import { DeleteSubscription } from './use-cases/delete-subscription.js';
import { ExpandSubscription } from './use-cases/expand-subscription.js';
import { LoadSubscriptions } from './use-cases/load-subscriptions.js';
import { ReadSubscriptions } from './use-cases/read-subscriptions.js';
import { RefuseCustomerDeletion } from './use-cases/refuse-customer-deletion.js';
import { RefuseFeatureArchival } from './use-cases/refuse-feature-archival.js';
import { SetUpCreation } from './use-cases/set-up-creation.js';

@Module({
  imports: [CatalogModule, CustomersModule],
  controllers: [SubscriptionsController, SubscriptionEndsController],
  providers: [
    { provide: SUBSCRIPTION_STORE, useClass: PostgresSubscriptionStore },
    { provide: SUBSCRIPTIONS, useClass: LoadSubscriptions },
    CancelSubscription,
    CommitSubscription,
    ContinueSubscription,
    CreateSubscription,
    DeleteSubscription,
    ExpandSubscription,
    ReadSubscriptions,
    RefuseCustomerDeletion,
    RefuseFeatureArchival,
    SetUpCreation,
    ShowCustomerSubscriptions,
  ],
  exports: [SUBSCRIPTIONS, RefuseCustomerDeletion, RefuseFeatureArchival, ShowCustomerSubscriptions],
})
export class SubscriptionsModule {}
