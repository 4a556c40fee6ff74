import { type Db, invariant, isBefore, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { NotificationEvent } from '../core/event.js';
import type { DeliveryStore, DeliveryWithAttempts, EventListQuery, EventStore, Page } from '../core/ports.js';
import { DELIVERY_STORE, EVENT_STORE } from '../tokens.js';
import { ReadRules, type ShownRule } from './read-rules.js';

/** An event with its rule as it is now, and what became of it at each channel. */
export interface ShownEvent {
  readonly event: NotificationEvent;
  readonly rule: ShownRule;
  readonly deliveries: readonly DeliveryWithAttempts[];
}

export class ReadEvents {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(DELIVERY_STORE) private readonly deliveries: DeliveryStore,
    @Inject(ReadRules) private readonly rules: ReadRules,
  ) {}

  async get(namespace: string, id: string): Promise<ShownEvent> {
    const db = this.unitOfWork.reader(namespace);
    const event = await this.events.find(db, id);
    const [shown] = event === undefined ? [] : await this.show(db, [event]);
    if (shown === undefined) throw new Refused(eventNotFound(id));
    return shown;
  }

  async list(namespace: string, query: EventListQuery): Promise<Page<ShownEvent>> {
    const { from, to } = query;
    if (from !== undefined && to !== undefined && isBefore(to, from))
      throw new Refused(refusal.invalidField('$.from', 'range_invalid', 'must not be after to'));
    const db = this.unitOfWork.reader(namespace);
    const { items, totalCount } = await this.events.list(db, query);
    return { items: await this.show(db, items), totalCount };
  }

  private async show(db: Db, events: readonly NotificationEvent[]): Promise<ShownEvent[]> {
    const rules = await this.rules.byId(
      db,
      events.map(({ ruleId }) => ruleId),
    );
    const deliveries = await this.deliveries.ofEvents(
      db,
      events.map(({ id }) => id),
    );
    return events.map((event) => {
      const rule = rules.get(event.ruleId);
      invariant(rule !== undefined, 'the rule of an event is never removed');
      return { event, rule, deliveries: deliveries.filter(({ delivery }) => delivery.eventId === event.id) };
    });
  }
}

export const eventNotFound = (id: string) => refusal.notFound(`not found error: event ${id} not found`);
