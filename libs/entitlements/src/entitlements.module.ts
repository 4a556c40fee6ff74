import { CatalogModule } from '@ledgerline/catalog';
import { CustomersModule } from '@ledgerline/customers';
import { MeteringModule } from '@ledgerline/metering';
import { Module } from '@nestjs/common';
import { AccessController } from './http/access.controller.js';
import { AllEntitlementsController } from './http/all-entitlements.controller.js';
import { CustomerEntitlementsController } from './http/customer-entitlements.controller.js';
import { EntitlementChangesController } from './http/entitlement-changes.controller.js';
import { ShowBalance } from './http/show-balance.js';
import { ShowEntitlements } from './http/show-entitlements.js';
import { SubjectEntitlementsController } from './http/subject-entitlements.controller.js';
import { PostgresEntitlementStore } from './store/postgres-entitlement-store.js';
import { PostgresGrantStore } from './store/postgres-grant-store.js';
import { ENTITLEMENT_STORE, GRANT_STORE } from './tokens.js';
import { AskUsage } from './use-cases/ask-usage.js';
import { BrowseEntitlements } from './use-cases/browse-entitlements.js';
import { CalculateBalances } from './use-cases/calculate-balances.js';
import { CreateEntitlement } from './use-cases/create-entitlement.js';
import { CreateGrant } from './use-cases/create-grant.js';
import { DeleteEntitlement } from './use-cases/delete-entitlement.js';
import { FindOwned } from './use-cases/find-owned.js';
import { GuardDeletions } from './use-cases/guard-deletions.js';
import { ReadEntitlements } from './use-cases/read-entitlements.js';
import { ReadHistory } from './use-cases/read-history.js';
import { ReadValues } from './use-cases/read-values.js';
import { ResetUsage } from './use-cases/reset-usage.js';
import { VoidGrant } from './use-cases/void-grant.js';
import { WriteForSubscription } from './use-cases/write-for-subscription.js';

@Module({
  imports: [CustomersModule, MeteringModule, CatalogModule],
  controllers: [
    SubjectEntitlementsController,
    CustomerEntitlementsController,
    EntitlementChangesController,
    AllEntitlementsController,
    AccessController,
  ],
  providers: [
    { provide: ENTITLEMENT_STORE, useClass: PostgresEntitlementStore },
    { provide: GRANT_STORE, useClass: PostgresGrantStore },
    AskUsage,
    BrowseEntitlements,
    CalculateBalances,
    CreateEntitlement,
    CreateGrant,
    DeleteEntitlement,
    FindOwned,
    GuardDeletions,
    ReadEntitlements,
    ReadHistory,
    ReadValues,
    ResetUsage,
    ShowBalance,
    ShowEntitlements,
    VoidGrant,
    WriteForSubscription,
  ],
  exports: [GuardDeletions, ShowBalance, ShowEntitlements, WriteForSubscription],
})
export class EntitlementsModule {}
