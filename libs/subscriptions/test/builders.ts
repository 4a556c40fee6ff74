import {
  type PlanContent,
  rateCardFromJson,
  type RateCard,
  type RateCardJson,
} from '@ledgerline/catalog/core';
import { type Duration, instant, type Instant, parseDuration } from '@ledgerline/kernel';
import type { ItemSpec, PhaseSpec, SubscriptionSpec } from '../src/core/subscription-spec.js';
import type { Subscription } from '../src/core/subscription.js';

export function duration(text: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) throw new Error(`no duration: ${text}`);
  return read;
}

/** A flat fee of 6 a month, in the contract's form; a spec mentions only what matters. */
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

export const buildItem = (rest: Partial<ItemSpec> = {}): ItemSpec => {
  const rateCard = rest.rateCard ?? buildRateCard(rest.key === undefined ? {} : { key: rest.key });
  return { key: rateCard.key, rateCard, ...rest };
};

export const buildPhase = (key: string, startAfter: string, ...items: readonly ItemSpec[]): PhaseSpec => ({
  key,
  name: key,
  startAfter: duration(startAfter),
  sortHint: 0,
  items: items.length === 0 ? [buildItem()] : items,
});

export const start: Instant = instant('2024-01-01T00:00:00Z');

export const buildSpec = (rest: Partial<SubscriptionSpec> = {}): SubscriptionSpec => ({
  customerId: 'customer',
  name: 'Pro',
  currency: 'USD',
  billingCadence: duration('P1M'),
  billingAnchor: start,
  proRating: { enabled: true, mode: 'prorate_prices' },
  activeFrom: start,
  phases: [buildPhase('default', 'PT0S')],
  ...rest,
});

/** Ids say where things stand: `phase`, `phase/item@version`. */
export function buildSubscription(
  rest: Partial<SubscriptionSpec> & { readonly id?: string } = {},
): Subscription {
  const spec = buildSpec(rest);
  return {
    ...spec,
    id: rest.id ?? 'subscription',
    namespace: 'default',
    createdAt: start,
    updatedAt: start,
    phases: spec.phases.map((phase) => ({
      ...phase,
      id: phase.key,
      createdAt: start,
      items: phase.items.map((item, index) => ({
        ...item,
        id: `${phase.key}/${item.key}@${phase.items.slice(0, index).filter(({ key }) => key === item.key).length}`,
        createdAt: start,
      })),
    })),
  };
}
