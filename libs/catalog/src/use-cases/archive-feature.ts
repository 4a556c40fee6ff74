import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, refusal, type Refusal, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideArchiveFeature } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import type { FeatureReferences, FeatureStore, PlanStore } from '../core/ports.js';
import { FEATURE_REFERENCES, FEATURES, PLANS } from '../tokens.js';
import { featureFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';

export class ArchiveFeature {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURE_REFERENCES) private readonly references: FeatureReferences,
  ) {}

  run(context: RequestContext, idOrKey: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      // Locked first: publishing a plan and subscribing hold the features they name.
      const feature = await this.features.findForChange(tx, idOrKey);
      const inUse = feature === undefined ? undefined : await this.findUse(tx, feature);
      const archived = acceptedOrThrow(decideArchiveFeature(feature, { idOrKey, now: tx.at, inUse }));
      await this.features.archive(tx, archived);
      await this.unitOfWork.append(tx, [featureFact('FeatureArchived', archived)]);
    });
  }

  private async findUse(tx: Tx, feature: Feature): Promise<Refusal | undefined> {
    const plan = await this.plans.findLiveWithFeature(tx, feature.id, tx.at);
    if (plan !== undefined) {
      const message = `the feature ${feature.key} is part of the plan ${plan.key}, version ${plan.version}`;
      return refusal.invalid(message);
    }
    return this.references.check(tx, feature, tx.at);
  }
}
