import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideArchivePlan } from '../core/decide-plan.js';
import { planStatusAt } from '../core/plan-status.js';
import type { PlanStore } from '../core/ports.js';
import { PLANS } from '../tokens.js';
import { planFact } from './catalog-facts.js';
import { findPlanForChange } from './find-plan-for-change.js';
import { scopeOf } from './scope.js';
import type { CheckedPlan } from './set-up-features.js';

export class ArchivePlan {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PLANS) private readonly plans: PlanStore,
  ) {}

  run(context: RequestContext, id: string): Promise<CheckedPlan> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const plan = await findPlanForChange(tx, id, this.plans);
      const archived = acceptedOrThrow(decideArchivePlan(plan, tx.at));
      await this.plans.update(tx, archived);
      await this.unitOfWork.append(tx, [planFact('PlanArchived', archived)]);
      return { plan: archived, status: planStatusAt(archived, tx.at), issues: [] };
    });
  }
}
