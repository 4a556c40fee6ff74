import { Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import { Controller, Inject } from '@nestjs/common';
import { ReadEvents } from '../use-cases/read-events.js';
import { ResendEvent } from '../use-cases/resend-event.js';
import { TestRule } from '../use-cases/test-rule.js';
import { eventListFromApi, eventToApi } from './convert-event.js';

@Controller()
export class EventsController {
  constructor(
    @Inject(ReadEvents) private readonly readEvents: ReadEvents,
    @Inject(ResendEvent) private readonly resendEvent: ResendEvent,
    @Inject(TestRule) private readonly testRule: TestRule,
  ) {}

  @Operation('listNotificationEvents')
  async list({
    query,
    context,
  }: OpRequest<'listNotificationEvents'>): Promise<OpReply<'listNotificationEvents'>> {
    const { items, totalCount } = await this.readEvents.list(context.namespace, eventListFromApi(query));
    return { items: items.map(eventToApi), totalCount, page: query.page, pageSize: query.pageSize };
  }

  @Operation('getNotificationEvent')
  async get({ path, context }: OpRequest<'getNotificationEvent'>): Promise<OpReply<'getNotificationEvent'>> {
    return eventToApi(await this.readEvents.get(context.namespace, path.eventId));
  }

  @Operation('resendNotificationEvent')
  resend({
    path,
    body,
    context,
  }: OpRequest<'resendNotificationEvent'>): Promise<OpReply<'resendNotificationEvent'>> {
    return this.resendEvent.run(context, path.eventId, body.channels);
  }

  @Operation('testNotificationRule')
  async test({ path, context }: OpRequest<'testNotificationRule'>): Promise<OpReply<'testNotificationRule'>> {
    const eventId = await this.testRule.run(context, path.ruleId);
    return eventToApi(await this.readEvents.get(context.namespace, eventId));
  }
}
