import { earliest, type Instant, isAtOrBefore, isBefore, latest } from '@ledgerline/kernel';

/** A reset by hand that nobody has looked at yet. */
export interface HeardReset {
  readonly effectiveAt: Instant;
  readonly recordedAt: Instant;
}

/** A metered entitlement that rules may speak of. */
export interface Watch {
  readonly entitlementId: string;
  /** When it changes next by time alone. */
  readonly dueAt?: Instant | undefined;
  /** When something else changed it that nobody has looked at yet. */
  readonly askedAt?: Instant | undefined;
  readonly resets: readonly HeardReset[];
  /** Raised by every wish to look. */
  readonly asks: number;
  /** Raised by every look. */
  readonly looks: number;
}

/** As it is before anybody wished for a look. */
export const unwatched = (entitlementId: string): Watch => ({
  entitlementId,
  resets: [],
  asks: 0,
  looks: 0,
});

/** `change`: as of the instant of a change by time. `wish`: as of now, because something else changed. */
export interface Look {
  readonly kind: 'change' | 'wish';
  readonly at: Instant;
}

/**
 * What to look at next. Changes by time come first and one by one, each as of when it happened, so that a worker that was away
 * misses none; those from before any rule was awake are skipped.
 */
export function planLook(
  watch: Watch,
  facts: { readonly now: Instant; readonly awakeSince: Instant; readonly isWished: boolean },
): Look | undefined {
  const { now, awakeSince, isWished } = facts;
  const { dueAt, askedAt } = watch;
  if (dueAt !== undefined && isAtOrBefore(dueAt, now))
    return {
      kind: 'change',
      at: isBefore(dueAt, awakeSince) ? earliest(latest(awakeSince, dueAt), now) : dueAt,
    };
  return isWished || askedAt !== undefined ? { kind: 'wish', at: now } : undefined;
}

/** After a look: wishes that came while it was taken stay. `latest` is the watch as it is now. */
export function afterLook(
  seen: Watch,
  current: Watch,
  { look, nextChangeAt }: { readonly look: Look; readonly nextChangeAt: Instant | undefined },
): Watch {
  const isAnswered = look.kind === 'wish' && current.asks === seen.asks;
  return {
    ...current,
    dueAt: nextChangeAt,
    askedAt: isAnswered ? undefined : current.askedAt,
    resets: isAnswered ? [] : current.resets,
    looks: current.looks + 1,
  };
}
