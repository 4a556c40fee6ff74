import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { refusal, Refused } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import { CreateSubscription } from '../use-cases/create-subscription.js';
import { ExpandSubscription } from '../use-cases/expand-subscription.js';
import { ReadSubscriptions } from '../use-cases/read-subscriptions.js';
import { expandedToApi, listQueryFromApi, requestFromApi, subscriptionToApi } from './convert.js';

@Controller()
export class SubscriptionsController {
  constructor(
    @Inject(CreateSubscription) private readonly createSubscription: CreateSubscription,
    @Inject(ExpandSubscription) private readonly expandSubscription: ExpandSubscription,
    @Inject(ReadSubscriptions) private readonly readSubscriptions: ReadSubscriptions,
  ) {}

  @Operation('createSubscription')
  async create({ body, context }: OpRequest<'createSubscription'>): Promise<OpReply<'createSubscription'>> {
    const created = await this.createSubscription.run(context, requestFromApi(body));
    return subscriptionToApi(created, created.createdAt);
  }

  @Operation('getSubscription')
  async get({ path, query, context }: OpRequest<'getSubscription'>): Promise<OpReply<'getSubscription'>> {
    if (query.at !== undefined)
      throw new Refused(refusal.notImplemented('a subscription is shown as it is now'));
    return expandedToApi(await this.expandSubscription.run(context.namespace, path.subscriptionId));
  }

  @Operation('listCustomerSubscriptions')
  async list({
    path,
    query,
    context,
  }: OpRequest<'listCustomerSubscriptions'>): Promise<OpReply<'listCustomerSubscriptions'>> {
    const { namespace } = context;
    const wanted = listQueryFromApi(query);
    const page = await this.readSubscriptions.listOf(namespace, path.customerIdOrKey, wanted);
    const items = page.items.map((each) => subscriptionToApi(each, page.now));
    return { items, totalCount: page.totalCount, page: query.page, pageSize: query.pageSize };
  }
}
