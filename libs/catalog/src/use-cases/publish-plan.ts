import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decidePublishPlan } from '../core/decide-plan.js';
import type { FeatureStore, PlanStore } from '../core/ports.js';
import { FEATURES, PLANS } from '../tokens.js';
import { planFact } from './catalog-facts.js';
import { findPlanForChange } from './find-plan-for-change.js';
import { scopeOf } from './scope.js';
import { type CheckedPlan, checkedAt, holdFeaturesById } from './set-up-features.js';

export class PublishPlan {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  run(context: RequestContext, id: string): Promise<CheckedPlan> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const plan = await findPlanForChange(tx, id, this.plans);
      const active = await this.plans.findActive(tx, plan.key, tx.at);
      const features = await holdFeaturesById(tx, plan.phases, this.features);
      const { published, archived } = acceptedOrThrow(
        decidePublishPlan(plan, { now: tx.at, active, features }),
      );
      // The old version leaves before the new one comes: at no time are two active.
      if (archived !== undefined) await this.plans.update(tx, archived);
      await this.plans.update(tx, published);
      await this.unitOfWork.append(tx, [
        ...(archived === undefined ? [] : [planFact('PlanArchived', archived)]),
        planFact('PlanPublished', published),
      ]);
      return checkedAt(published, tx.at, features);
    });
  }
}
