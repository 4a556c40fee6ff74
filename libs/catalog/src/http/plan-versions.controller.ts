import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { ArchivePlan } from '../use-cases/archive-plan.js';
import { NextPlan } from '../use-cases/next-plan.js';
import { PublishPlan } from '../use-cases/publish-plan.js';
import { planToApi } from './convert.js';

/** From draft to active to archived. */
@Controller()
export class PlanVersionsController {
  constructor(
    @Inject(PublishPlan) private readonly publishPlan: PublishPlan,
    @Inject(ArchivePlan) private readonly archivePlan: ArchivePlan,
    @Inject(NextPlan) private readonly nextPlan: NextPlan,
  ) {}

  @Operation('publishPlan')
  async publish({ path, context }: OpRequest<'publishPlan'>): Promise<OpReply<'publishPlan'>> {
    return planToApi(await this.publishPlan.run(context, path.planId));
  }

  @Operation('archivePlan')
  async archive({ path, context }: OpRequest<'archivePlan'>): Promise<OpReply<'archivePlan'>> {
    return planToApi(await this.archivePlan.run(context, path.planId));
  }

  @Operation('nextPlan')
  async next({ path, context }: OpRequest<'nextPlan'>): Promise<OpReply<'nextPlan'>> {
    return planToApi(await this.nextPlan.run(context, path.planIdOrKey));
  }
}
