import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideUpdatePlan, type PlanChange } from '../core/decide-plan.js';
import type { FeatureStore, PlanStore } from '../core/ports.js';
import { FEATURES, PLANS } from '../tokens.js';
import { planFact } from './catalog-facts.js';
import { findPlanForChange } from './find-plan-for-change.js';
import { scopeOf } from './scope.js';
import { type CheckedPlan, checkedAt, holdFeaturesByKey } from './set-up-features.js';

export class UpdatePlan {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  run(context: RequestContext, id: string, change: PlanChange): Promise<CheckedPlan> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const plan = await findPlanForChange(tx, id, this.plans);
      const features = await holdFeaturesByKey(tx, change.phases, this.features);
      const changed = acceptedOrThrow(decideUpdatePlan(plan, change, { now: tx.at, features }));
      await this.plans.update(tx, changed);
      await this.unitOfWork.append(tx, [planFact('PlanUpdated', changed)]);
      return checkedAt(changed, tx.at, features);
    });
  }
}
