import type { Json } from '@ledgerline/kernel';

/**
 * A fact told to others, as it arrives in `@EventPattern('<type>')` methods. Delivered at least once, in order within
 * one stream; `once(tx, consumer, notice)` makes the effect happen exactly once.
 */
export interface Notice {
  /** `<namespace>/<stream>/<version>`: the same on every delivery. */
  readonly id: string;
  readonly namespace: string;
  readonly stream: string;
  /** Counts the facts of the stream from 1. */
  readonly version: number;
  readonly type: string;
  readonly schema: number;
  readonly data: Json;
  readonly actor: string;
  readonly cause: string | null;
  /** Domain time, RFC 3339. */
  readonly occurredAt: string;
}
