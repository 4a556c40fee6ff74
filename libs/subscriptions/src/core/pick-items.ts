import type { Instant } from '@ledgerline/kernel';
import { isBefore } from '@ledgerline/kernel';
import { isActiveAt } from './materialise.js';
import type { ItemVersion, PhaseView } from './subscription-view.js';

/** Versions by key, in their order. */
export function timelinesOf(phase: PhaseView): ReadonlyMap<string, readonly ItemVersion[]> {
  const timelines = new Map<string, ItemVersion[]>();
  for (const item of phase.items) timelines.set(item.key, [...(timelines.get(item.key) ?? []), item]);
  return timelines;
}

/** One version per key: what holds now, what held last in a past phase, what will hold first in a future one. */
export function pickItems(phase: PhaseView, now: Instant): readonly ItemVersion[] {
  return [...timelinesOf(phase).values()].flatMap((versions) => {
    const picked = isBefore(now, phase.activeFrom)
      ? versions.at(0)
      : isActiveAt(phase, now)
        ? versions.find((version) => isActiveAt(version, now))
        : versions.at(-1);
    return picked === undefined ? [] : [picked];
  });
}
