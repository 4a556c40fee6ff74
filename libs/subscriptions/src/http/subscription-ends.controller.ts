import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { CancelSubscription } from '../use-cases/cancel-subscription.js';
import { ContinueSubscription } from '../use-cases/continue-subscription.js';
import { DeleteSubscription } from '../use-cases/delete-subscription.js';
import { subscriptionToApi, timingFromApi } from './convert.js';

@Controller()
export class SubscriptionEndsController {
  constructor(
    @Inject(CancelSubscription) private readonly cancelSubscription: CancelSubscription,
    @Inject(ContinueSubscription) private readonly continueSubscription: ContinueSubscription,
    @Inject(DeleteSubscription) private readonly deleteSubscription: DeleteSubscription,
  ) {}

  @Operation('cancelSubscription')
  async cancel(request: OpRequest<'cancelSubscription'>): Promise<OpReply<'cancelSubscription'>> {
    const { path, body, context } = request;
    const canceled = await this.cancelSubscription.run(
      context,
      path.subscriptionId,
      timingFromApi(body.timing),
    );
    return subscriptionToApi(canceled, canceled.updatedAt);
  }

  @Operation('unscheduleCancelation')
  async continue({
    path,
    context,
  }: OpRequest<'unscheduleCancelation'>): Promise<OpReply<'unscheduleCancelation'>> {
    const continued = await this.continueSubscription.run(context, path.subscriptionId);
    return subscriptionToApi(continued, continued.updatedAt);
  }

  @Operation('deleteSubscription')
  async delete({ path, context }: OpRequest<'deleteSubscription'>): Promise<OpReply<'deleteSubscription'>> {
    await this.deleteSubscription.run(context, path.subscriptionId);
  }
}
