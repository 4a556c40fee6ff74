import { mediaReply, type MediaReply, Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import type { Instant } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import { LIST_EVENTS } from '../tokens.js';
import type { ListEvents } from '../use-cases/list-events.js';
import { instantFromApi } from './convert.js';
import { eventPageFromApi, eventPageToApiText, eventsToApiText } from './event-convert.js';

@Controller()
export class EventsController {
  constructor(@Inject(LIST_EVENTS) private readonly listEvents: ListEvents) {}

  @Operation('listEvents')
  async list({ query, context }: OpRequest<'listEvents'>): Promise<OpReply<'listEvents'>> {
    const read = (field: 'from' | 'to' | 'ingestedAtFrom' | 'ingestedAtTo'): Instant | undefined =>
      query[field] === undefined ? undefined : instantFromApi(field, query[field]);
    const events = await this.listEvents.run(context.namespace, {
      clientId: query.clientId,
      id: query.id,
      subject: query.subject,
      limit: query.limit,
      customerIds: query.customerId,
      from: read('from'),
      to: read('to'),
      ingestedAtFrom: read('ingestedAtFrom'),
      ingestedAtTo: read('ingestedAtTo'),
    });
    return asJson(eventsToApiText(events)) as unknown as OpReply<'listEvents'>;
  }

  @Operation('listEventsV2')
  async page({ query, context }: OpRequest<'listEventsV2'>): Promise<OpReply<'listEventsV2'>> {
    const page = await this.listEvents.page(context.namespace, eventPageFromApi(query));
    return asJson(eventPageToApiText(page)) as unknown as OpReply<'listEventsV2'>;
  }
}

/** JSON all the same, but written by us: the type knows objects only, the reply check parses what is sent. */
const asJson = (body: string): MediaReply =>
  mediaReply({ contentType: 'application/json; charset=utf-8', body });
