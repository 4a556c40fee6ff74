import type { Instant } from '@ledgerline/kernel';
import type { Metadata } from './rate-card.js';

/** A condition on one dimension of a meter: the contract's FilterString, at most one operator of it set. */
export interface DimensionFilter {
  readonly $eq?: string | null;
  readonly $ne?: string | null;
  readonly $in?: readonly string[] | null;
  readonly $nin?: readonly string[] | null;
  readonly $like?: string | null;
  readonly $nlike?: string | null;
  readonly $ilike?: string | null;
  readonly $nilike?: string | null;
  readonly $gt?: string | null;
  readonly $gte?: string | null;
  readonly $lt?: string | null;
  readonly $lte?: string | null;
  readonly $and?: readonly DimensionFilter[] | null;
  readonly $or?: readonly DimensionFilter[] | null;
}

/** Something a customer can be entitled to and charged for; metered when it names a meter. */
export interface Feature {
  readonly id: string;
  readonly namespace: string;
  readonly key: string;
  readonly name: string;
  readonly metadata?: Metadata | undefined;
  readonly meterId?: string | undefined;
  readonly meterSlug?: string | undefined;
  /** Which of the meter's usage counts, by dimension. */
  readonly filters?: Readonly<Record<string, DimensionFilter>> | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Archived features take no new entitlements; existing ones keep working, and the key is free again. */
  readonly archivedAt?: Instant | undefined;
}
