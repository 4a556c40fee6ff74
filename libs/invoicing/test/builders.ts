import type { Price, RateCard } from '@ledgerline/catalog/core';
import { decimal, type Duration, instant, type Instant, parseDuration } from '@ledgerline/kernel';
import type { ItemVersion, PhaseView, SubscriptionView } from '@ledgerline/subscriptions/core';

export function duration(text: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) throw new Error(`no duration: ${text}`);
  return read;
}

export const flat = (amount: string, paymentTerm: 'in_advance' | 'in_arrears' = 'in_advance'): Price => ({
  type: 'flat',
  amount: decimal(amount),
  paymentTerm,
});
export const unit = (amount: string): Price => ({ type: 'unit', amount: decimal(amount) });

export interface ItemDraft {
  readonly key: string;
  readonly price?: Price | undefined;
  /** `null` for a fee that is due once. */
  readonly cadence?: string | null;
  readonly from?: string;
  readonly to?: string;
  readonly version?: number;
}
export interface PhaseDraft {
  readonly key: string;
  readonly from: string;
  readonly to?: string;
  readonly items: readonly ItemDraft[];
}
export interface ViewDraft {
  readonly id?: string;
  readonly customerId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly cadence?: string;
  readonly anchor?: string;
  readonly proRating?: boolean;
  readonly currency?: string;
  readonly phases?: readonly PhaseDraft[];
  readonly items?: readonly ItemDraft[];
}

const at = (text: string | undefined): Instant | undefined =>
  text === undefined ? undefined : instant(text);

/** A subscription with every default filled in; a spec mentions only what matters. */
export function aSubscription(draft: ViewDraft): SubscriptionView {
  const from = draft.from ?? '2024-01-01T00:00:00Z';
  const phases = draft.phases ?? [{ key: 'default', from, items: draft.items ?? [] }];
  const id = draft.id ?? '01HSUBSCRIPT10N00000000000';
  return {
    id,
    namespace: 'default',
    customerId: draft.customerId ?? '01HCST00000000000000000000',
    name: 'Pro',
    currency: draft.currency ?? 'USD',
    billingCadence: duration(draft.cadence ?? 'P1M'),
    billingAnchor: instant(draft.anchor ?? from),
    proRating: { enabled: draft.proRating ?? true, mode: 'prorate_prices' },
    activeFrom: instant(from),
    activeTo: at(draft.to),
    phases: phases.map((phase) => phaseOf(phase, draft.to)),
    createdAt: instant(from),
    updatedAt: instant(from),
  };
}

function phaseOf(phase: PhaseDraft, end: string | undefined): PhaseView {
  return {
    id: `phase-${phase.key}`,
    key: phase.key,
    name: phase.key,
    activeFrom: instant(phase.from),
    activeTo: at(phase.to ?? end),
    items: phase.items.map((item) => itemOf(item, phase, end)),
    createdAt: instant(phase.from),
  };
}

function itemOf(item: ItemDraft, phase: PhaseDraft, end: string | undefined): ItemVersion {
  const version = item.version ?? 0;
  return {
    id: `item-${phase.key}-${item.key}-${version}`,
    key: item.key,
    version,
    rateCard: rateCardOf(item),
    activeFrom: instant(item.from ?? phase.from),
    activeTo: at(item.to ?? phase.to ?? end),
    featureId: item.price?.type === 'flat' ? undefined : `feature-${item.key}`,
    createdAt: instant(item.from ?? phase.from),
  };
}

function rateCardOf({ key, price, cadence = 'P1M' }: ItemDraft): RateCard {
  const billingCadence = cadence === null ? undefined : duration(cadence);
  if (price === undefined || price.type === 'flat')
    return { type: 'flat_fee', key, name: key, billingCadence, price };
  if (billingCadence === undefined) throw new Error('usage needs a cadence');
  return { type: 'usage_based', key, name: key, featureKey: key, billingCadence, price };
}
