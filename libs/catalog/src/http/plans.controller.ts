import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CreatePlan } from '../use-cases/create-plan.js';
import { DeletePlan } from '../use-cases/delete-plan.js';
import { ReadPlans } from '../use-cases/read-plans.js';
import { UpdatePlan } from '../use-cases/update-plan.js';
import { planChangeFromApi, planContentFromApi, planListFromApi, planToApi } from './convert.js';

@Controller()
export class PlansController {
  constructor(
    @Inject(CreatePlan) private readonly createPlan: CreatePlan,
    @Inject(UpdatePlan) private readonly updatePlan: UpdatePlan,
    @Inject(DeletePlan) private readonly deletePlan: DeletePlan,
    @Inject(ReadPlans) private readonly readPlans: ReadPlans,
  ) {}

  @Operation('createPlan')
  async create({ body, context }: OpRequest<'createPlan'>): Promise<OpReply<'createPlan'>> {
    return planToApi(await this.createPlan.run(context, body.key, planContentFromApi(body)));
  }

  @Operation('getPlan')
  async get({ path, query, context }: OpRequest<'getPlan'>): Promise<OpReply<'getPlan'>> {
    return planToApi(await this.readPlans.get(context.namespace, path.planId, query.includeLatest));
  }

  @Operation('listPlans')
  async list({ query, context }: OpRequest<'listPlans'>): Promise<OpReply<'listPlans'>> {
    const { items, totalCount } = await this.readPlans.list(context.namespace, planListFromApi(query));
    const plans = items.map(planToApi);
    return { items: plans, totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('updatePlan')
  async update({ path, body, context }: OpRequest<'updatePlan'>): Promise<OpReply<'updatePlan'>> {
    return planToApi(await this.updatePlan.run(context, path.planId, planChangeFromApi(body)));
  }

  @Operation('deletePlan')
  async delete({ path, context }: OpRequest<'deletePlan'>): Promise<OpReply<'deletePlan'>> {
    await this.deletePlan.run(context, path.planId);
  }
}
