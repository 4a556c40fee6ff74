import type { Instant } from '@ledgerline/kernel';
import { materialise } from './materialise.js';
import type { ItemSpec, PhaseSpec, SubscriptionSpec } from './subscription-spec.js';
import type { SubscriptionView } from './subscription-view.js';

/** An item version that exists: it has an id and perhaps an entitlement. */
export interface Item extends ItemSpec {
  readonly id: string;
  readonly entitlementId?: string | undefined;
  readonly createdAt: Instant;
}

export interface Phase extends PhaseSpec {
  readonly id: string;
  readonly items: readonly Item[];
  readonly createdAt: Instant;
}

/** A subscription that exists: its spec with ids. Instants of phases and items are never stored, they follow. */
export interface Subscription extends SubscriptionSpec {
  readonly id: string;
  readonly namespace: string;
  readonly phases: readonly Phase[];
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

export function viewOf(subscription: Subscription): SubscriptionView {
  return {
    ...subscription,
    phases: materialise<Phase, Item>(subscription).map(({ spec: phase, activeFrom, activeTo, items }) => ({
      id: phase.id,
      key: phase.key,
      name: phase.name,
      description: phase.description,
      metadata: phase.metadata,
      createdAt: phase.createdAt,
      activeFrom,
      activeTo,
      items: items.map(({ spec: item, ...placed }) => ({
        id: item.id,
        key: item.key,
        version: placed.version,
        rateCard: item.rateCard,
        featureId: item.rateCard.featureId,
        entitlementId: item.entitlementId,
        createdAt: item.createdAt,
        activeFrom: placed.activeFrom,
        activeTo: placed.activeTo,
      })),
    })),
  };
}
