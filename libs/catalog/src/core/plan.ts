import type { Duration, Instant } from '@ledgerline/kernel';
import type { Metadata, RateCard } from './rate-card.js';

/** Whether a period cut short is billed by the share of it that was served. */
export interface ProRating {
  readonly enabled: boolean;
  readonly mode: 'prorate_prices';
}

/** A stretch of a subscription's life with its own rate cards, such as a trial. */
export interface Phase {
  readonly key: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  /** Absent: until the subscription ends. Only the last phase has none. */
  readonly duration?: Duration | undefined;
  readonly rateCards: readonly RateCard[];
}

/** What a plan says, without its place among the versions. A custom plan of one subscription has nothing else. */
export interface PlanContent {
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly currency: string;
  readonly billingCadence: Duration;
  readonly proRating: ProRating;
  readonly phases: readonly Phase[];
}

/** One version of a plan. Versions of a key are numbered from 1 without gaps, deleted ones included. */
export interface Plan extends PlanContent {
  readonly id: string;
  readonly namespace: string;
  readonly key: string;
  readonly version: number;
  readonly effectiveFrom?: Instant | undefined;
  readonly effectiveTo?: Instant | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}
