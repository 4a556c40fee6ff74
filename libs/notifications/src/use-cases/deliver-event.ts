import { type Clock, type Instant, invariant, newId, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { SealError } from '@ledgerline/platform/secrets';
import { Inject } from '@nestjs/common';
import {
  type AttemptOutcome,
  beginAttempt,
  type Delivery,
  endAttempt,
  giveUp,
  isSuccess,
  whyUndeliverable,
} from '../core/delivery.js';
import type { WebhookSender } from '../core/ports.js';
import { MACHINE_CLOCK, WEBHOOK_SENDER } from '../tokens.js';
import { deliverJob } from './raise-event.js';
import { DeliveryStores } from './resend-event.js';
import { workerScope } from './scope.js';

interface Begun {
  readonly delivery: Delivery;
  /** As it was stored: the same bytes at every attempt. */
  readonly body: string;
}

/**
 * One attempt, if one is due: first it is noted that it begins, then the request is made, then its outcome is noted. A worker that
 * dies in between leaves an attempt that counts as lost after a while, and is made again under the same id.
 */
export class DeliverEvent {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(DeliveryStores) private readonly stores: DeliveryStores,
    @Inject(WEBHOOK_SENDER) private readonly sender: WebhookSender,
    @Inject(MACHINE_CLOCK) private readonly clock: Clock,
  ) {}

  async run(namespace: string, eventId: string, channelId: string): Promise<void> {
    const begun = await this.begin(namespace, eventId, channelId);
    if (begun === undefined) return;
    await this.end(begun.delivery, await this.attempt(begun));
  }

  private begin(namespace: string, eventId: string, channelId: string): Promise<Begun | undefined> {
    const { events, rules, channels, deliveries } = this.stores;
    return this.unitOfWork.run(workerScope(namespace, deliverJob), async (tx) => {
      const found = await deliveries.findForChange(tx, eventId, channelId);
      const begun = found && beginAttempt(found, this.now());
      if (found === undefined || begun === undefined) return undefined;
      const event = await events.find(tx, eventId);
      const rule = event && (await rules.find(tx, event.ruleId));
      const [channel] = await channels.states(tx, [channelId]);
      invariant(
        event !== undefined && rule !== undefined && channel !== undefined,
        'event, rule and channel of a delivery are never removed',
      );
      const why = whyUndeliverable(rule, channel);
      if (why !== undefined) {
        await deliveries.update(tx, giveUp(found, why, this.now()));
        return undefined;
      }
      await deliveries.update(tx, begun);
      return { delivery: { ...begun, version: begun.version + 1 }, body: JSON.stringify(event.payload) };
    });
  }

  private async attempt({ delivery, body }: Begun): Promise<AttemptOutcome> {
    const { namespace, eventId, channelId } = delivery;
    try {
      const channel = await this.stores.channels.find(this.unitOfWork.reader(namespace), channelId);
      invariant(channel !== undefined, 'the channel of a delivery is never removed');
      return await this.sender.send(channel, { id: eventId, body });
    } catch (error) {
      // The key that sealed its secret is missing: seen by whoever looks at the event, and tried again later.
      if (!(error instanceof SealError)) throw error;
      return { body: error.message, durationMs: 0, url: '' };
    }
  }

  private end(delivery: Delivery, outcome: AttemptOutcome): Promise<void> {
    const { deliveries } = this.stores;
    const { namespace, eventId, channelId, version } = delivery;
    return this.unitOfWork.run(workerScope(namespace, deliverJob), async (tx) => {
      const now = this.now();
      const state = isSuccess(outcome) ? ('SUCCESS' as const) : ('FAILED' as const);
      const current = await deliveries.findForChange(tx, eventId, channelId);
      await deliveries.addAttempt(tx, delivery, { ...outcome, id: newId(), state, at: now });
      // It counted as lost, or a resend began meanwhile: what became of this one no longer decides.
      if (current?.version !== version) return;
      await deliveries.update(tx, endAttempt(delivery, outcome, now));
    });
  }

  private now(): Instant {
    return this.clock.now().round('millisecond');
  }
}
