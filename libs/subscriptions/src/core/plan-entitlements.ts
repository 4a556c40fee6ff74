import { type EntitlementTemplate, isJsonText } from '@ledgerline/catalog/core';
import { floorToMinute, type Instant, sameInstant } from '@ledgerline/kernel';
import { type Cadence, hasLength, materialise } from './materialise.js';
import type { ItemEntitlement } from './ports.js';
import type { Item, Phase, Subscription } from './subscription.js';

/** What has to happen to the entitlement of one item. */
export type EntitlementStep =
  | { readonly kind: 'create'; readonly itemId: string; readonly entitlement: ItemEntitlement }
  | {
      readonly kind: 'end';
      readonly itemId: string;
      readonly entitlementId: string;
      readonly at: Instant | undefined;
      /** It never comes to be, so the item has none any more. */
      readonly forget: boolean;
    };

/**
 * Items with a template own an entitlement for as long as they last; items that never come to be own none. Compares the
 * entitlements that exist with those that are wanted.
 */
export function planEntitlements(
  before: Subscription | undefined,
  after: Subscription,
): readonly EntitlementStep[] {
  const old = new Map(
    (before === undefined ? [] : materialise<Phase, Item>(before)).flatMap((phase) =>
      phase.items.map((item) => [item.spec.id, item] as const),
    ),
  );
  return materialise<Phase, Item>(after).flatMap((phase) =>
    phase.items.flatMap((item): EntitlementStep[] => {
      const { id: itemId, entitlementId, rateCard } = item.spec;
      const isWanted = after.deletedAt === undefined && hasLength(item);
      if (entitlementId === undefined) {
        const isNew = isWanted && rateCard.entitlementTemplate !== undefined;
        const entitlement = isNew ? itemEntitlement(after, phase, item) : undefined;
        return entitlement === undefined ? [] : [{ kind: 'create', itemId, entitlement }];
      }
      if (!isWanted) {
        const at = old.get(itemId)?.activeFrom ?? item.activeFrom;
        return [{ kind: 'end', itemId, entitlementId, at, forget: true }];
      }
      return sameEnd(old.get(itemId), item)
        ? []
        : [{ kind: 'end', itemId, entitlementId, at: item.activeTo, forget: false }];
    }),
  );
}

const sameEnd = (a: Cadence | undefined, b: Cadence): boolean =>
  a?.activeTo === undefined || b.activeTo === undefined
    ? a?.activeTo === b.activeTo
    : sameInstant(a.activeTo, b.activeTo);

function itemEntitlement(
  { id, customerId, billingAnchor }: Subscription,
  phase: Cadence,
  item: Cadence & { readonly spec: Item },
): ItemEntitlement | undefined {
  const { featureId, featureKey, entitlementTemplate } = item.spec.rateCard;
  if (entitlementTemplate === undefined || featureId === undefined || featureKey === undefined)
    return undefined;
  return {
    customerId,
    subscriptionId: id,
    itemId: item.spec.id,
    featureId,
    featureKey,
    template: itemTemplate(entitlementTemplate),
    activeFrom: item.activeFrom,
    activeTo: item.activeTo,
    usagePeriodAnchor: floorToMinute(billingAnchor),
    measureUsageFrom: floorToMinute(phase.activeFrom),
  };
}

/**
 * OpenMeter writes the configuration of a static template as a JSON text within a JSON string. The entitlement gets the
 * inner text; a configuration that was not wrapped is taken as it is.
 */
function itemTemplate(template: EntitlementTemplate): EntitlementTemplate {
  if (template.type !== 'static') return template;
  const inner: unknown = JSON.parse(template.config);
  return typeof inner === 'string' && isJsonText(inner) ? { ...template, config: inner } : template;
}

/** The subscription with the entitlements that its items own after the steps; `made` is by item. */
export function withEntitlements(
  subscription: Subscription,
  steps: readonly EntitlementStep[],
  made: ReadonlyMap<string, string>,
): Subscription {
  const forgotten = new Set(
    steps.flatMap((step) => (step.kind === 'end' && step.forget ? [step.itemId] : [])),
  );
  return {
    ...subscription,
    phases: subscription.phases.map((phase) => ({
      ...phase,
      items: phase.items.map((item) => ({
        ...item,
        entitlementId: forgotten.has(item.id) ? undefined : (made.get(item.id) ?? item.entitlementId),
      })),
    })),
  };
}
