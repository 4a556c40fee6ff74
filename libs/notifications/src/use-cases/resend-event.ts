import type { RequestContext } from '@ledgerline/contract';
import { type Clock, invariant, refusal, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { beginResend, type Delivery, newDelivery } from '../core/delivery.js';
import type { NotificationEvent } from '../core/event.js';
import type { ChannelStore, DeliveryStore, EventStore, RuleStore } from '../core/ports.js';
import { CHANNEL_STORE, DELIVERY_STORE, EVENT_STORE, MACHINE_CLOCK, RULE_STORE } from '../tokens.js';
import { RaiseEvent } from './raise-event.js';
import { eventNotFound } from './read-events.js';
import { scopeOf } from './scope.js';

/** The stores that deliveries are decided from. */
export class DeliveryStores {
  constructor(
    @Inject(EVENT_STORE) readonly events: EventStore,
    @Inject(RULE_STORE) readonly rules: RuleStore,
    @Inject(CHANNEL_STORE) readonly channels: ChannelStore,
    @Inject(DELIVERY_STORE) readonly deliveries: DeliveryStore,
  ) {}
}

/** Sends an event once more, under the same id, to the channels named or to all that are enabled. */
export class ResendEvent {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(DeliveryStores) private readonly stores: DeliveryStores,
    @Inject(RaiseEvent) private readonly raise: RaiseEvent,
    @Inject(MACHINE_CLOCK) private readonly clock: Clock,
  ) {}

  async run(context: RequestContext, eventId: string, named: readonly string[] | undefined): Promise<void> {
    const again = await this.unitOfWork.run(scopeOf(context), async (tx) => {
      const event = await this.stores.events.find(tx, eventId);
      if (event === undefined) throw new Refused(eventNotFound(eventId));
      const resent: Delivery[] = [];
      // In one order, so that two requests at once wait for each other instead of blocking each other.
      for (const channelId of [...(await this.channelsOf(tx, event, named))].sort())
        resent.push(await this.resend(tx, eventId, channelId));
      return resent;
    });
    await this.raise.hurry(again);
  }

  private async channelsOf(
    tx: Tx,
    { ruleId }: NotificationEvent,
    named: readonly string[] | undefined,
  ): Promise<ReadonlySet<string>> {
    const bad = (message: string): Refused =>
      new Refused(refusal.invalidField('$.channels', 'event_channels_invalid', message));
    const rule = await this.stores.rules.find(tx, ruleId);
    invariant(rule !== undefined, 'the rule of an event is never removed');
    if (rule.deletedAt !== undefined)
      throw new Refused(refusal.invalid(`validation error: rule ${ruleId} is deleted`));
    const strangers = (named ?? []).filter((id) => !rule.channelIds.includes(id));
    if (strangers.length > 0) throw bad(`not of this event’s rule: ${strangers.join(', ')}`);
    const states = await this.stores.channels.states(tx, named ?? rule.channelIds);
    const enabled = new Set(
      states.filter(({ disabled, deletedAt }) => !disabled && deletedAt === undefined).map(({ id }) => id),
    );
    const asleep = (named ?? []).filter((id) => !enabled.has(id));
    if (asleep.length > 0) throw bad(`disabled: ${asleep.join(', ')}`);
    return enabled;
  }

  private async resend(tx: Tx, eventId: string, channelId: string): Promise<Delivery> {
    const { deliveries } = this.stores;
    const now = this.clock.now().round('millisecond');
    const found = await deliveries.findForChange(tx, eventId, channelId);
    if (found === undefined) {
      // The rule has got this channel since.
      const first = newDelivery({ namespace: tx.namespace, eventId, channelId }, false, now);
      await deliveries.insert(tx, [first]);
      return first;
    }
    const again = beginResend(found, now);
    if (again !== undefined) await deliveries.update(tx, again);
    return again ?? found;
  }
}
