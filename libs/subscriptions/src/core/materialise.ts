import { addDuration, compareInstants, earliest, type Instant, isBefore, latest } from '@ledgerline/kernel';
import type { ItemSpec, PhaseSpec, SubscriptionSpec } from './subscription-spec.js';

/** From when to when something is so; without an end while there is none. */
export interface Cadence {
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
}

interface MaterialisedItem<I> extends Cadence {
  readonly spec: I;
  /** Index among the versions of its key. */
  readonly version: number;
}

export interface MaterialisedPhase<P, I> extends Cadence {
  readonly spec: P;
  readonly items: readonly MaterialisedItem<I>[];
}

type WithItems<P, I> = P & { readonly items: readonly I[] };

/**
 * Turns durations into instants. Phases come in the order of their starts; each ends where the next one begins or the
 * subscription ends. A phase or item that never comes to be has zero length.
 */
export function materialise<P extends PhaseSpec, I extends ItemSpec>(
  spec: Pick<SubscriptionSpec, 'activeFrom' | 'activeTo'> & { readonly phases: readonly WithItems<P, I>[] },
): readonly MaterialisedPhase<WithItems<P, I>, I>[] {
  const started = spec.phases
    .map((phase) => ({ phase, activeFrom: addDuration(spec.activeFrom, phase.startAfter) }))
    .sort(
      (a, b) =>
        compareInstants(a.activeFrom, b.activeFrom) ||
        a.phase.sortHint - b.phase.sortHint ||
        (a.phase.key < b.phase.key ? -1 : 1),
    );
  return started.map(({ phase, activeFrom }, index) => {
    const end = soonest(started[index + 1]?.activeFrom, spec.activeTo);
    const cadence = { activeFrom, activeTo: end === undefined ? undefined : latest(end, activeFrom) };
    return { spec: phase, ...cadence, items: materialiseItems(phase.items, cadence) };
  });
}

function materialiseItems<I extends ItemSpec>(
  items: readonly I[],
  phase: Cadence,
): readonly MaterialisedItem<I>[] {
  const versions = new Map<string, number>();
  return items.map((spec) => {
    const version = versions.get(spec.key) ?? 0;
    versions.set(spec.key, version + 1);
    return { spec, version, ...clipItem(spec, phase) };
  });
}

function clipItem(item: ItemSpec, phase: Cadence): Cadence {
  const at = (offset: ItemSpec['activeFromOffset']): Instant | undefined =>
    offset === undefined ? undefined : addDuration(phase.activeFrom, offset);
  const start = at(item.activeFromOffset) ?? phase.activeFrom;
  const activeFrom = phase.activeTo === undefined ? start : earliest(start, phase.activeTo);
  const end = soonest(at(item.activeToOffset), phase.activeTo);
  return { activeFrom, activeTo: end === undefined ? undefined : latest(end, activeFrom) };
}

function soonest(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return earliest(a, b);
}

/** It lasts at least for a moment. */
export const hasLength = ({ activeFrom, activeTo }: Cadence): boolean =>
  activeTo === undefined || isBefore(activeFrom, activeTo);

export const isActiveAt = ({ activeFrom, activeTo }: Cadence, at: Instant): boolean =>
  !isBefore(at, activeFrom) && (activeTo === undefined || isBefore(at, activeTo));

/** Whether some instant lies in both. */
export const overlaps = (a: Cadence, b: Cadence): boolean =>
  hasLength(a) &&
  hasLength(b) &&
  (a.activeTo === undefined || isBefore(b.activeFrom, a.activeTo)) &&
  (b.activeTo === undefined || isBefore(a.activeFrom, b.activeTo));
