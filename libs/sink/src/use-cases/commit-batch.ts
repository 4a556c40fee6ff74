import type { SinkBatch } from '../core/batch.js';
import type { EventsStore, InsertOutcome } from '../core/ports.js';

export interface CommitTerms {
  readonly claim: string;
  readonly dedupeWindowMs: number;
}

/**
 * Stores one closed batch: set up (ask the table about suspects) → decide (which of them are duplicates) → commit (one
 * insert). Batches are committed one after the other, so the look-up sees every event of the batches before.
 * Never tries twice: what an error means is decided by the marks.
 */
export async function commitBatch(
  store: EventsStore,
  batch: SinkBatch,
  terms: CommitTerms,
): Promise<InsertOutcome> {
  const question = batch.questions(terms.dedupeWindowMs);
  const stored =
    question === undefined
      ? []
      : await store.identities([...batch.ranges.keys()], question.fingerprints, question.sinceMs);
  batch.settle(stored, terms.dedupeWindowMs);
  return store.insert(batch.toInsert(terms.claim));
}
