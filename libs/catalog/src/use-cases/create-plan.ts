import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCreatePlan } from '../core/decide-plan.js';
import type { PlanContent } from '../core/plan.js';
import type { FeatureStore, PlanStore } from '../core/ports.js';
import { FEATURES, PLANS } from '../tokens.js';
import { planFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';
import { type CheckedPlan, checkedAt, holdFeaturesByKey } from './set-up-features.js';

export class CreatePlan {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  run(context: RequestContext, key: string, content: PlanContent): Promise<CheckedPlan> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const version = (await this.plans.lockKey(tx, key)) + 1;
      const hasDraft = (await this.plans.findDraft(tx, key)) !== undefined;
      const features = await holdFeaturesByKey(tx, content.phases, this.features);
      const facts = { namespace: tx.namespace, id: newId(), now: tx.at, version, hasDraft, features };
      const plan = acceptedOrThrow(decideCreatePlan(content, key, facts));
      await this.plans.insert(tx, plan);
      await this.unitOfWork.append(tx, [planFact('PlanCreated', plan)]);
      return checkedAt(plan, tx.at, features);
    });
  }
}
