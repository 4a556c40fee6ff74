import { mediaReply, Operation, type OpReply, type OpRequest } from '@ledgerline/contract';
import type { Instant } from '@ledgerline/kernel';
import { Controller, Inject } from '@nestjs/common';
import { LIST_EVENTS } from '../tokens.js';
import type { ListEvents } from '../use-cases/list-events.js';
import { eventsToApiText, instantFromApi } from './convert.js';

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
    const body = eventsToApiText(events);
    // JSON all the same, but written by us: the type knows objects only, the reply check parses what is sent.
    return mediaReply({
      contentType: 'application/json; charset=utf-8',
      body,
    }) as unknown as OpReply<'listEvents'>;
  }
}
