import {
  type Clock,
  type Instant,
  type Json,
  newId,
  toRfc3339,
  type Tx,
  type UnitOfWork,
} from '@ledgerline/kernel';
import { OUTSIDE_LANE, type OutsideLane, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { type Delivery, newDelivery } from '../core/delivery.js';
import type { Annotations, EventTopic, NotificationEvent, SayOnce } from '../core/event.js';
import type { ChannelStore, DeliveryStore, EventStore } from '../core/ports.js';
import type { Rule } from '../core/rule.js';
import { CHANNEL_STORE, DELIVERY_STORE, EVENT_STORE, MACHINE_CLOCK } from '../tokens.js';
import { raisedFact } from './scope.js';

/** Names the job that makes one attempt. Its payload: `eventId`, `channelId`. */
export const deliverJob = 'notifications.deliver';

export interface EventDraft {
  readonly rule: Rule;
  readonly data: Json;
  readonly topic: EventTopic;
  readonly annotations: Annotations;
  readonly once: SayOnce;
}

/** Writes an event and what is to be delivered of it, in the transaction of whatever caused it. */
export class RaiseEvent {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(CHANNEL_STORE) private readonly channels: ChannelStore,
    @Inject(DELIVERY_STORE) private readonly deliveries: DeliveryStore,
    @Inject(OUTSIDE_LANE) private readonly lane: OutsideLane,
    @Inject(MACHINE_CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined when it was said already, or nobody is there to hear it. */
  async run(tx: Tx, { rule, data, topic, annotations, once }: EventDraft): Promise<Raised | undefined> {
    const channels = (await this.channels.states(tx, rule.channelIds)).filter(
      ({ deletedAt }) => deletedAt === undefined,
    );
    if (channels.every(({ disabled }) => disabled)) return undefined;
    const id = newId();
    const event: NotificationEvent = {
      id,
      namespace: tx.namespace,
      type: rule.type,
      ruleId: rule.id,
      payload: { id, type: rule.type, timestamp: toRfc3339(tx.at), data },
      annotations,
      createdAt: tx.at,
    };
    if (!(await this.events.insert(tx, event, { topic, once }))) return undefined;
    const now = this.now();
    const deliveries = channels.map((channel) =>
      newDelivery({ namespace: tx.namespace, eventId: id, channelId: channel.id }, channel.disabled, now),
    );
    await this.deliveries.insert(tx, deliveries);
    await this.unitOfWork.append(tx, [raisedFact(event)]);
    return { event, deliveries: deliveries.filter(({ nextAttemptAt }) => nextAttemptAt !== undefined) };
  }

  /** After the commit: makes it quick. What is not asked for here is found by the sweeper. */
  async hurry(deliveries: readonly Pick<Delivery, 'namespace' | 'eventId' | 'channelId'>[]): Promise<void> {
    for (const { namespace, eventId, channelId } of deliveries)
      await addDeliverJob(this.lane, namespace, { eventId, channelId });
  }

  /** To the millisecond, as it is stored. */
  private now(): Instant {
    return this.clock.now().round('millisecond');
  }
}

export interface Raised {
  readonly event: NotificationEvent;
  readonly deliveries: readonly Delivery[];
}

export const addDeliverJob = (
  { queue }: Pick<OutsideLane, 'queue'>,
  namespace: string,
  { eventId, channelId }: Pick<Delivery, 'eventId' | 'channelId'>,
): Promise<void> =>
  queue.add(
    deliverJob,
    { namespace, eventId, channelId },
    { key: [deliverJob, namespace, eventId, channelId].join('/') },
  );
