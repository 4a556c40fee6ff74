import type { Instant } from '@ledgerline/kernel';

/** How far a running query is, in rows of the store. */
export interface Progress {
  /** Read so far. */
  readonly success: number;
  /** Not read, because the query failed. */
  readonly failed: number;
  /** To be read, as the store estimates it. */
  readonly total: number;
  readonly updatedAt: Instant;
}

/** A query that has begun: nothing is known of it yet. */
export const begun = (now: Instant): Progress => ({ success: 0, failed: 0, total: 0, updatedAt: now });

/** What was seen of it while it ran. The estimate may grow, and rows read never shrink. */
export function advanced(
  before: Progress,
  seen: Pick<Progress, 'success' | 'total'>,
  now: Instant,
): Progress {
  const success = Math.max(before.success, seen.success);
  return { success, failed: 0, total: Math.max(before.total, seen.total, success), updatedAt: now };
}

/** It has answered: all there was to read has been read, whatever the estimate said. */
export function ended(before: Progress, rowsRead: number, now: Instant): Progress {
  const total = Math.max(before.total, before.success, rowsRead);
  return { success: total, failed: 0, total, updatedAt: now };
}

/** It broke off. A query that was never seen running counts as one failed item, so that its failure shows. */
export function broken(before: Progress, now: Instant): Progress {
  const total = Math.max(before.total, before.success + 1);
  return { success: before.success, failed: total - before.success, total, updatedAt: now };
}
