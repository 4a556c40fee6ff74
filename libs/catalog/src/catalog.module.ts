import { MeteringModule } from '@ledgerline/metering';
import { Module } from '@nestjs/common';
import { FeaturesController } from './http/features.controller.js';
import { PlanVersionsController } from './http/plan-versions.controller.js';
import { PlansController } from './http/plans.controller.js';
import { PriceBookController } from './http/price-book.controller.js';
import { PostgresFeatureStore } from './store/postgres-feature-store.js';
import { PostgresPlanStore } from './store/postgres-plan-store.js';
import { PostgresPriceBookStore } from './store/postgres-price-book-store.js';
import { FEATURES, PLANS, PRICE_BOOK } from './tokens.js';
import { ArchiveFeature } from './use-cases/archive-feature.js';
import { ArchivePlan } from './use-cases/archive-plan.js';
import { CorrectPrice } from './use-cases/correct-price.js';
import { CreateFeature } from './use-cases/create-feature.js';
import { CreatePlan } from './use-cases/create-plan.js';
import { DeletePlan } from './use-cases/delete-plan.js';
import { LookUpMeterUse } from './use-cases/look-up-meter-use.js';
import { NextPlan } from './use-cases/next-plan.js';
import { PublishPlan } from './use-cases/publish-plan.js';
import { QueryFeatureCost } from './use-cases/query-feature-cost.js';
import { ReadFeatures } from './use-cases/read-features.js';
import { ReadPlans } from './use-cases/read-plans.js';
import { ReadPriceBook } from './use-cases/read-price-book.js';
import { RecordPrice } from './use-cases/record-price.js';
import { ResolvePricing } from './use-cases/resolve-pricing.js';
import { UpdatePlan } from './use-cases/update-plan.js';

@Module({
  imports: [MeteringModule],
  controllers: [FeaturesController, PlansController, PlanVersionsController, PriceBookController],
  providers: [
    { provide: FEATURES, useClass: PostgresFeatureStore },
    { provide: PLANS, useClass: PostgresPlanStore },
    { provide: PRICE_BOOK, useClass: PostgresPriceBookStore },
    ArchiveFeature,
    ArchivePlan,
    CorrectPrice,
    CreateFeature,
    CreatePlan,
    DeletePlan,
    LookUpMeterUse,
    NextPlan,
    PublishPlan,
    ReadFeatures,
    QueryFeatureCost,
    ReadPlans,
    ReadPriceBook,
    RecordPrice,
    ResolvePricing,
    UpdatePlan,
  ],
  exports: [FEATURES, PLANS, LookUpMeterUse],
})
export class CatalogModule {}
