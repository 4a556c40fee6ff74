import type { Feature, FeatureReferences } from '@ledgerline/catalog/core';
import { type Db, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { Inject } from '@nestjs/common';
import type { SubscriptionStore } from '../core/ports.js';
import { SUBSCRIPTION_STORE } from '../tokens.js';

/** Answers catalog: a feature that somebody is subscribed to cannot be archived. */
export class RefuseFeatureArchival implements FeatureReferences {
  constructor(@Inject(SUBSCRIPTION_STORE) private readonly subscriptions: SubscriptionStore) {}

  async check(db: Db, feature: Feature, now: Instant): Promise<Refusal | undefined> {
    const found = await this.subscriptions.findOpenWithFeature(db, feature.id, now);
    return found === undefined
      ? undefined
      : refusal.invalid(`the feature ${feature.key} is part of the subscription ${found.id}`);
  }
}
