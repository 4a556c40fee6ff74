import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideDeletePlan } from '../core/decide-plan.js';
import type { PlanStore } from '../core/ports.js';
import { PLANS } from '../tokens.js';
import { planFact } from './catalog-facts.js';
import { findPlanForChange } from './find-plan-for-change.js';
import { scopeOf } from './scope.js';

export class DeletePlan {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PLANS) private readonly plans: PlanStore,
  ) {}

  run(context: RequestContext, id: string): Promise<void> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const plan = await findPlanForChange(tx, id, this.plans);
      const deleted = acceptedOrThrow(decideDeletePlan(plan, tx.at));
      if (deleted === undefined) return;
      await this.plans.update(tx, deleted);
      await this.unitOfWork.append(tx, [planFact('PlanDeleted', deleted)]);
    });
  }
}
