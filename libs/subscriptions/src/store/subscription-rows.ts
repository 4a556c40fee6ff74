import { durationFromJson, type Metadata, type ProRating, rateCardFromJson } from '@ledgerline/catalog/core';
import type { RateCardJson } from '@ledgerline/catalog/core';
import { InvariantViolation, Refused } from '@ledgerline/kernel';
import { instantFromDb } from '@ledgerline/platform/postgres';
import type { Item, Phase, Subscription } from '../core/subscription.js';

/** Rows as pg delivers them. */
export interface SubscriptionRow {
  readonly namespace: string;
  readonly id: string;
  readonly customer_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Metadata | null;
  readonly currency: string;
  readonly billing_cadence: string;
  readonly billing_anchor: Date;
  readonly pro_rating: ProRating;
  readonly plan_id: string | null;
  readonly plan_key: string | null;
  readonly plan_version: number | null;
  readonly active_from: Date;
  readonly active_to: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

export interface PhaseRow {
  readonly id: string;
  readonly subscription_id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Metadata | null;
  readonly start_after: string;
  readonly sort_hint: number;
  readonly created_at: Date;
}

export interface ItemRow {
  readonly id: string;
  readonly phase_id: string;
  readonly key: string;
  readonly active_from_offset: string | null;
  readonly active_to_offset: string | null;
  readonly rate_card: RateCardJson;
  readonly entitlement_id: string | null;
  readonly created_at: Date;
}

/** `phases` and `items` are those of the subscription, in their order. */
export function subscriptionFromDb(
  row: SubscriptionRow,
  phases: readonly PhaseRow[],
  items: readonly ItemRow[],
): Subscription {
  try {
    return readSubscription(row, phases, items);
  } catch (error) {
    // What was checked on write cannot be refused on read: the row was written by something else.
    if (error instanceof Refused)
      throw new InvariantViolation(`subscription ${row.id}: ${error.refusal.detail}`);
    throw error;
  }
}

const readSubscription = (
  row: SubscriptionRow,
  phases: readonly PhaseRow[],
  items: readonly ItemRow[],
): Subscription => ({
  id: row.id,
  namespace: row.namespace,
  customerId: row.customer_id,
  name: row.name,
  description: row.description ?? undefined,
  metadata: row.metadata ?? undefined,
  currency: row.currency,
  billingCadence: durationFromJson(row.billing_cadence, '$.billingCadence'),
  billingAnchor: instantFromDb(row.billing_anchor),
  proRating: row.pro_rating,
  plan:
    row.plan_id === null || row.plan_key === null || row.plan_version === null
      ? undefined
      : { id: row.plan_id, key: row.plan_key, version: row.plan_version },
  activeFrom: instantFromDb(row.active_from),
  activeTo: row.active_to === null ? undefined : instantFromDb(row.active_to),
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: row.deleted_at === null ? undefined : instantFromDb(row.deleted_at),
  phases: phases.map((phase) =>
    phaseFromDb(
      phase,
      items.filter(({ phase_id: phaseId }) => phaseId === phase.id),
    ),
  ),
});

const phaseFromDb = (row: PhaseRow, items: readonly ItemRow[]): Phase => ({
  id: row.id,
  key: row.key,
  name: row.name,
  description: row.description ?? undefined,
  metadata: row.metadata ?? undefined,
  startAfter: durationFromJson(row.start_after, '$.startAfter'),
  sortHint: row.sort_hint,
  createdAt: instantFromDb(row.created_at),
  items: items.map(itemFromDb),
});

const offsetFromDb = (text: string | null) =>
  text === null ? undefined : durationFromJson(text, '$.offset');

const itemFromDb = (row: ItemRow): Item => ({
  id: row.id,
  key: row.key,
  rateCard: rateCardFromJson(row.rate_card, `$.${row.key}`),
  activeFromOffset: offsetFromDb(row.active_from_offset),
  activeToOffset: offsetFromDb(row.active_to_offset),
  entitlementId: row.entitlement_id ?? undefined,
  createdAt: instantFromDb(row.created_at),
});
