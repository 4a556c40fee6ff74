import { type Decision, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { refuseOverlap } from './refuse-overlap.js';
import { resolveCancelTiming, type Timing } from './resolve-timing.js';
import { type Subscription, viewOf } from './subscription.js';
import { refuseAction, subscriptionStatusAt } from './subscription-status.js';

export const subscriptionNotFound = (id: string): Refusal =>
  refusal.notFound(`subscription not found: ${id}`);

/** Ends it at the time asked for; phases and items after that never come to be. */
export function decideCancel(
  subscription: Subscription,
  timing: Timing,
  now: Instant,
): Decision<Subscription> {
  const refused = refuseAction('cancel', subscriptionStatusAt(subscription, now));
  if (refused !== undefined) return { refused };
  const end = resolveCancelTiming(timing, viewOf(subscription), now);
  if (end.refused !== undefined) return end;
  return { accepted: { ...subscription, activeTo: end.accepted.round('millisecond'), updatedAt: now } };
}

/** Takes the end away that a cancellation gave it. */
export function decideContinue(
  subscription: Subscription,
  facts: { readonly now: Instant; readonly others: readonly Subscription[] },
): Decision<Subscription> {
  const refused = refuseAction('continue', subscriptionStatusAt(subscription, facts.now));
  if (refused !== undefined) return { refused };
  const continued = { ...subscription, activeTo: undefined, updatedAt: facts.now };
  const clash = refuseOverlap(continued, facts.others);
  return clash === undefined ? { accepted: continued } : { refused: clash };
}

/** Only what has not started can go as if it had never been. */
export function decideDelete(subscription: Subscription, now: Instant): Decision<Subscription> {
  const refused = refuseAction('delete', subscriptionStatusAt(subscription, now));
  return refused === undefined
    ? { accepted: { ...subscription, deletedAt: now, updatedAt: now } }
    : { refused };
}
