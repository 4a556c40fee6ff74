import type { components } from '@ledgerline/contract';
import { FEATURES } from '@ledgerline/catalog';
import type { Feature, FeatureStore } from '@ledgerline/catalog/core';
import type { Instant } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { EntitlementViews } from '../core/ports.js';
import type { SubscriptionView } from '../core/subscription-view.js';
import { ENTITLEMENT_VIEWS } from '../tokens.js';
import { ReadSubscriptions } from './read-subscriptions.js';

/** A subscription with what its items stand for. */
export interface ExpandedSubscription {
  readonly view: SubscriptionView;
  readonly now: Instant;
  readonly features: ReadonlyMap<string, Feature>;
  readonly entitlements: ReadonlyMap<string, components['schemas']['Entitlement']>;
}

export class ExpandSubscription {
  constructor(
    @Inject(ReadSubscriptions) private readonly read: ReadSubscriptions,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(ENTITLEMENT_VIEWS) private readonly entitlements: EntitlementViews,
  ) {}

  async run(namespace: string, id: string): Promise<ExpandedSubscription> {
    const { found: view, now, db } = await this.read.get(namespace, id);
    const items = view.phases.flatMap((phase) => phase.items);
    const features = await this.features.findMany(db, distinct(items.map(({ featureId }) => featureId)));
    const entitlements = await this.entitlements.describe(
      db,
      distinct(items.map(({ entitlementId }) => entitlementId)),
    );
    return { view, now, features: new Map(features.map((feature) => [feature.id, feature])), entitlements };
  }
}

const distinct = (ids: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(ids.filter((id) => id !== undefined)),
];
