import type { Instant, Json } from '@ledgerline/kernel';

/** What is known of who events name: enrichment only, no event needs it and ingesting makes none. */
export interface Subject {
  readonly id: string;
  readonly namespace: string;
  readonly key: string;
  readonly displayName?: string | undefined;
  readonly metadata?: SubjectMetadata | undefined;
  readonly stripeCustomerId?: string | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** A deleted subject can still be read by id; its key is free again. */
  readonly deletedAt?: Instant | undefined;
}

export type SubjectMetadata = Readonly<Record<string, Json>>;
