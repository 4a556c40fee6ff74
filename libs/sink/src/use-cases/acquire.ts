import { newId } from '@ledgerline/kernel';
import { decideStart, isFault, type Position, type SinkFault } from '../core/continuity.js';
import type { DedupeFilters } from '../core/filters.js';
import type { EventsStore, Mark, UsageLog } from '../core/ports.js';

export interface AcquirePorts {
  readonly log: UsageLog;
  readonly store: EventsStore;
  readonly filters: DedupeFilters;
  /** Per partition: the filters hold every counted event below this offset. */
  readonly filtered: Map<number, number>;
}

export interface Acquired {
  readonly claim: string;
  readonly positions: ReadonlyMap<number, Position>;
}

const nothingStored: Mark = { nextOffset: 0, latestIngestedAtMs: 0 };
// Events that are read next may have arrived a little before the latest stored one.
const disorderMaxMs = 24 * 60 * 60 * 1000;

/**
 * Takes over partitions: claim them in the store, then (and only then) read the marks, decide where to go on, and load
 * the filters up to the marks. After the claim no older insert can change a mark any more.
 */
export async function acquire(
  ports: AcquirePorts,
  partitions: readonly number[],
  dedupeWindowMs: number,
): Promise<Acquired | SinkFault> {
  const claim = newId();
  const positions = new Map<number, Position>();
  if (partitions.length === 0) return { claim, positions };
  await ports.store.claim(partitions, claim);
  const marks = await ports.store.marks(partitions);
  const bounds = await ports.log.bounds();
  for (const partition of partitions) {
    const held = bounds.get(partition);
    if (held === undefined) throw new Error(`the broker does not tell the bounds of partition ${partition}`);
    const decision = decideStart(partition, marks.get(partition) ?? nothingStored, held);
    if (isFault(decision)) return decision;
    positions.set(partition, decision);
  }
  for (const partition of [...ports.filtered.keys()]) {
    if (positions.has(partition)) continue;
    ports.filters.forgetPartition(partition);
    ports.filtered.delete(partition);
  }
  for (const partition of partitions) {
    await fillFilters(ports, partition, marks.get(partition) ?? nothingStored, dedupeWindowMs);
  }
  return { claim, positions };
}

async function fillFilters(
  { store, filters, filtered }: AcquirePorts,
  partition: number,
  mark: Mark,
  dedupeWindowMs: number,
): Promise<void> {
  const sinceMs = Math.max(0, mark.latestIngestedAtMs - dedupeWindowMs - disorderMaxMs);
  const fromOffset = filtered.get(partition) ?? 0;
  if (fromOffset < mark.nextOffset) {
    const scope = { partition, fromOffset, sinceMs };
    for (const { week, keys } of await store.countFingerprints(scope)) filters.reserve(partition, week, keys);
    await store.readFingerprints(scope, (week, high, low) => filters.add(partition, week, high, low));
  }
  filtered.set(partition, mark.nextOffset);
}
