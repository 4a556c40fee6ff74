import { type Duration, instant, parseDuration } from '@ledgerline/kernel';
import type { FeaturesByReference } from '../src/core/check-plan.js';
import type { Feature } from '../src/core/feature.js';
import type { PlanContent } from '../src/core/plan.js';
import { type RateCardJson, rateCardFromJson } from '../src/core/rate-card-json.js';
import type { RateCard } from '../src/core/rate-card.js';

export function duration(text: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) throw new Error(`no duration: ${text}`);
  return read;
}

/** A flat fee of 6 a month; a spec mentions only what matters, in the contract's form. */
export const buildRateCard = (rest: Record<string, unknown> = {}): RateCard =>
  rateCardFromJson(
    {
      type: 'flat_fee',
      key: 'base',
      name: 'Base fee',
      billingCadence: 'P1M',
      price: { type: 'flat', amount: '6' },
      ...rest,
    } as unknown as RateCardJson,
    '$',
  );

export const buildContent = (rest: Partial<PlanContent> = {}): PlanContent => ({
  name: 'Pro',
  currency: 'USD',
  billingCadence: duration('P1M'),
  proRating: { enabled: true, mode: 'prorate_prices' },
  phases: [{ key: 'default', name: 'Default', rateCards: [buildRateCard()] }],
  ...rest,
});

export const buildFeature = (rest: Partial<Feature> = {}): Feature => ({
  id: '01G65Z755AFWAKHE12NY0CQ9FH',
  namespace: 'default',
  key: 'calls',
  name: 'Calls',
  createdAt: instant('2025-01-01T00:00:00Z'),
  updatedAt: instant('2025-01-01T00:00:00Z'),
  ...rest,
});

export const featuresOf = (...features: readonly Feature[]): FeaturesByReference => ({
  byId: new Map(features.map((feature) => [feature.id, feature])),
  liveByKey: new Map(
    features.filter(({ archivedAt }) => archivedAt === undefined).map((feature) => [feature.key, feature]),
  ),
});
