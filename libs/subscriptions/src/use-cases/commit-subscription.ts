import { acceptedOrThrow, type Fact, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { type EntitlementStep, planEntitlements, withEntitlements } from '../core/plan-entitlements.js';
import type { EntitlementWriter, SubscriptionStore } from '../core/ports.js';
import type { Subscription } from '../core/subscription.js';
import { ENTITLEMENT_WRITER, SUBSCRIPTION_STORE } from '../tokens.js';

export type SubscriptionFactType =
  'SubscriptionCreated' | 'SubscriptionUpdated' | 'SubscriptionCanceled' | 'SubscriptionDeleted';

/** Writes a decided subscription together with the entitlements of its items and the fact. */
export class CommitSubscription {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore,
    @Inject(ENTITLEMENT_WRITER) private readonly entitlements: EntitlementWriter,
  ) {}

  /** `before` is undefined for a new one. */
  async run(
    tx: Tx,
    change: { readonly before: Subscription | undefined; readonly after: Subscription },
    type: SubscriptionFactType,
  ): Promise<Subscription> {
    const { before, after } = change;
    const steps = planEntitlements(before, after);
    const committed = withEntitlements(after, steps, await this.perform(tx, steps));
    await (before === undefined
      ? this.subscriptions.insert(tx, committed)
      : this.subscriptions.update(tx, committed));
    await this.unitOfWork.append(tx, [factOf(type, committed)]);
    return committed;
  }

  private async perform(tx: Tx, steps: readonly EntitlementStep[]): Promise<ReadonlyMap<string, string>> {
    const made = new Map<string, string>();
    for (const step of steps) {
      if (step.kind === 'create') {
        const created = acceptedOrThrow(await this.entitlements.createForItem(tx, step.entitlement));
        made.set(step.itemId, created.entitlementId);
      } else {
        const refused = await this.entitlements.endForItem(tx, step.entitlementId, step.at);
        if (refused !== undefined) throw new Refused(refused);
      }
    }
    return made;
  }
}

/** Ids only: whoever hears of it loads the rest. */
const factOf = (type: SubscriptionFactType, { id, customerId }: Subscription): Fact => ({
  stream: `subscription:${id}`,
  type,
  data: { subscriptionId: id, customerId },
});
