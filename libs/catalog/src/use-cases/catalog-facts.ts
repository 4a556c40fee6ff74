import type { Fact } from '@ledgerline/kernel';
import type { Feature } from '../core/feature.js';
import type { Plan } from '../core/plan.js';
import type { PriceBookEntry } from '../core/price-book.js';

/** Ids and keys only: whoever hears of it looks the rest up. */
export const featureFact = (type: 'FeatureCreated' | 'FeatureArchived', feature: Feature): Fact => ({
  stream: `feature:${feature.id}`,
  type,
  data: { id: feature.id, key: feature.key, meterId: feature.meterId ?? null },
});

export const planFact = (
  type: 'PlanCreated' | 'PlanUpdated' | 'PlanDeleted' | 'PlanPublished' | 'PlanArchived',
  plan: Plan,
): Fact => ({
  stream: `plan:${plan.id}`,
  type,
  data: { id: plan.id, key: plan.key, version: plan.version },
});

export const priceFact = (type: 'PriceRecorded' | 'PriceCorrected', entry: PriceBookEntry): Fact => ({
  stream: `price:${entry.id}`,
  type,
  data: { id: entry.id, corrects: entry.corrects ?? null },
});
