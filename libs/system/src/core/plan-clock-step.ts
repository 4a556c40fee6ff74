import { earliest, type Instant, isAtOrBefore, latest } from '@ledgerline/kernel';

/** Where the clock goes next on its way to `target`: the next due instant, or the target when nothing is due before it. */
export type ClockStep =
  | { readonly kind: 'stop-for-work'; readonly at: Instant }
  | { readonly kind: 'arrive'; readonly at: Instant };

/** Work that is overdue is done where the clock stands: time never goes back to when it was due. */
export function planClockStep(now: Instant, target: Instant, dueAts: readonly Instant[]): ClockStep {
  const [first, ...rest] = dueAts;
  if (first === undefined) return { kind: 'arrive', at: target };
  const next = earliest(first, ...rest);
  return isAtOrBefore(next, target)
    ? { kind: 'stop-for-work', at: latest(next, now) }
    : { kind: 'arrive', at: target };
}
