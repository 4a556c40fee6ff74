import type { StringFilterInput } from '@ledgerline/metering/core';
import type { Instant } from '@ledgerline/kernel';
import type { Metadata } from './rate-card.js';
import type { UnitCost } from './unit-cost.js';

/** A condition on one dimension of a meter, in the contract's form. */
export type DimensionFilter = StringFilterInput;

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
  /** What a unit costs us; undefined when nobody said. */
  readonly unitCost?: UnitCost | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Archived features take no new entitlements; existing ones keep working, and the key is free again. */
  readonly archivedAt?: Instant | undefined;
}
