import type { Metadata, ProRating, RateCard } from '@ledgerline/catalog/core';
import type { Duration, Instant } from '@ledgerline/kernel';

/** One version of an item: from `activeFrom` on, until it ends or the next version takes over. */
export interface ItemVersion {
  readonly id: string;
  /** The rate card's key. */
  readonly key: string;
  /** Its index among the versions of the key in its phase, from 0. */
  readonly version: number;
  readonly rateCard: RateCard;
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
  readonly entitlementId?: string | undefined;
  readonly featureId?: string | undefined;
  readonly createdAt: Instant;
}

/** Phases of a view follow each other without gap or overlap; one that never comes to be has zero length. */
export interface PhaseView {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
  /** Versions of one key stand in their order. */
  readonly items: readonly ItemVersion[];
  readonly createdAt: Instant;
}

/** A subscription with every duration and default resolved to instants: what invoicing and entitlements read. */
export interface SubscriptionView {
  readonly id: string;
  readonly namespace: string;
  readonly customerId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly currency: string;
  readonly billingCadence: Duration;
  /** Any instant, past or future: billing periods are counted from it in both directions. */
  readonly billingAnchor: Instant;
  readonly proRating: ProRating;
  /** Absent for a custom plan. */
  readonly plan?: { readonly id: string; readonly key: string; readonly version: number } | undefined;
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
  readonly phases: readonly PhaseView[];
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}
