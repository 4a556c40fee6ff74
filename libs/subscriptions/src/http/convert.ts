import { featureToApi, planContentFromApi } from '@ledgerline/catalog';
import { discountsToJson, priceToJson, taxConfigToJson } from '@ledgerline/catalog/core';
import type { components, OpRequest } from '@ledgerline/contract';
import { type Instant, instant, isBefore, refusal, Refused, toRfc3339 } from '@ledgerline/kernel';
import { alignedBillingPeriodAt } from '../core/aligned-billing-period.js';
import { pickItems, timelinesOf } from '../core/pick-items.js';
import type { Timing } from '../core/resolve-timing.js';
import { subscriptionStatusAt } from '../core/subscription-status.js';
import type { Subscription } from '../core/subscription.js';
import type { ItemVersion, PhaseView, SubscriptionView } from '../core/subscription-view.js';
import type { SubscriptionRequest } from '../use-cases/create-subscription.js';
import type { ExpandedSubscription } from '../use-cases/expand-subscription.js';

type Schemas = components['schemas'];

export function timingFromApi(timing: Schemas['SubscriptionTiming'] | undefined): Timing {
  if (timing === undefined || timing === 'immediate') return 'immediate';
  return timing === 'next_billing_cycle' ? timing : instant(timing);
}

export function requestFromApi(body: OpRequest<'createSubscription'>['body']): SubscriptionRequest {
  const customer = body.customerId ?? body.customerKey;
  if (customer === undefined) {
    const message = 'customerId or customerKey is required';
    throw new Refused(refusal.invalidField('$.customerId', 'customer_required', message));
  }
  const common = {
    timing: timingFromApi(body.timing),
    billingAnchor: body.billingAnchor === undefined ? undefined : instant(body.billingAnchor),
  };
  if ('customPlan' in body) {
    const content = planContentFromApi(body.customPlan, '$.plan');
    const { name, description, metadata } = content;
    return {
      customer,
      offer: { kind: 'custom', content },
      draft: { ...common, name, description, metadata },
    };
  }
  const { plan, name, description, metadata, startingPhase } = body;
  return {
    customer,
    offer: { kind: 'plan', key: plan.key, version: plan.version },
    draft: { ...common, name, description, metadata, startingPhase },
  };
}

/** Without phases: the form in lists and as an answer to changes. */
export const subscriptionToApi = (
  subscription: Omit<Subscription, 'phases'>,
  now: Instant,
): Schemas['Subscription'] => ({
  id: subscription.id,
  name: subscription.name,
  ...(subscription.description === undefined ? {} : { description: subscription.description }),
  ...(subscription.metadata === undefined ? {} : { metadata: subscription.metadata }),
  customerId: subscription.customerId,
  currency: subscription.currency,
  billingCadence: subscription.billingCadence.toString(),
  billingAnchor: toRfc3339(subscription.billingAnchor),
  proRatingConfig: subscription.proRating,
  ...(subscription.plan === undefined ? {} : { plan: subscription.plan }),
  status: subscriptionStatusAt(subscription, now),
  alignment: { billablesMustAlign: true },
  ...spanToApi(subscription),
  createdAt: toRfc3339(subscription.createdAt),
  updatedAt: toRfc3339(subscription.updatedAt),
  ...(subscription.deletedAt === undefined ? {} : { deletedAt: toRfc3339(subscription.deletedAt) }),
});

const spanToApi = (span: { readonly activeFrom: Instant; readonly activeTo?: Instant | undefined }) => ({
  activeFrom: toRfc3339(span.activeFrom),
  ...(span.activeTo === undefined ? {} : { activeTo: toRfc3339(span.activeTo) }),
});

export const expandedToApi = (expanded: ExpandedSubscription): Schemas['SubscriptionExpanded'] => ({
  ...subscriptionToApi(expanded.view, expanded.now),
  alignment: alignmentToApi(expanded.view, expanded.now),
  phases: expanded.view.phases.map((phase) => phaseToApi(phase, expanded)),
});

function alignmentToApi(view: SubscriptionView, now: Instant): Schemas['SubscriptionAlignment'] {
  if (isBefore(now, view.activeFrom)) return { billablesMustAlign: true };
  const { from, to } = alignedBillingPeriodAt(view, now);
  return {
    billablesMustAlign: true,
    currentAlignedBillingPeriod: { from: toRfc3339(from), to: toRfc3339(to) },
  };
}

const phaseToApi = (
  phase: PhaseView,
  expanded: ExpandedSubscription,
): Schemas['SubscriptionPhaseExpanded'] => ({
  id: phase.id,
  key: phase.key,
  name: phase.name,
  ...(phase.description === undefined ? {} : { description: phase.description }),
  ...(phase.metadata === undefined ? {} : { metadata: phase.metadata }),
  ...spanToApi(phase),
  items: pickItems(phase, expanded.now).map((item) => itemToApi(item, expanded)),
  itemTimelines: Object.fromEntries(
    [...timelinesOf(phase)].map(([key, versions]) => [
      key,
      versions.map((item) => itemToApi(item, expanded)),
    ]),
  ),
  createdAt: toRfc3339(phase.createdAt),
  updatedAt: toRfc3339(phase.createdAt),
});

function itemToApi(item: ItemVersion, expanded: ExpandedSubscription): Schemas['SubscriptionItem'] {
  const { rateCard } = item;
  return {
    id: item.id,
    key: item.key,
    name: rateCard.name,
    ...(rateCard.description === undefined ? {} : { description: rateCard.description }),
    ...(rateCard.metadata === undefined ? {} : { metadata: rateCard.metadata }),
    ...(rateCard.featureKey === undefined ? {} : { featureKey: rateCard.featureKey }),
    billingCadence: rateCard.billingCadence?.toString() ?? null,
    price: rateCard.price === undefined ? null : priceToJson(rateCard.price),
    ...(rateCard.discounts === undefined ? {} : { discounts: discountsToJson(rateCard.discounts) }),
    ...(rateCard.taxConfig === undefined ? {} : { taxConfig: taxConfigToJson(rateCard.taxConfig) }),
    ...includedToApi(item, expanded),
    ...spanToApi(item),
    createdAt: toRfc3339(item.createdAt),
    updatedAt: toRfc3339(item.createdAt),
  };
}

function includedToApi(
  { featureId, entitlementId }: ItemVersion,
  { features, entitlements }: ExpandedSubscription,
): { readonly included?: Schemas['SubscriptionItemIncluded'] } {
  const feature = featureId === undefined ? undefined : features.get(featureId);
  if (feature === undefined) return {};
  const entitlement = entitlementId === undefined ? undefined : entitlements.get(entitlementId);
  return {
    included: { feature: featureToApi(feature), ...(entitlement === undefined ? {} : { entitlement }) },
  };
}

export const listQueryFromApi = (query: OpRequest<'listCustomerSubscriptions'>['query']) => ({
  statuses: query.status,
  orderBy: query.orderBy ?? ('activeFrom' as const),
  descending: query.order === 'DESC',
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});
