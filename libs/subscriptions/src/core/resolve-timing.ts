import {
  type Decision,
  type Instant,
  isBefore,
  refusal,
  type Refusal,
  sameInstant,
  Temporal,
  toRfc3339,
} from '@ledgerline/kernel';
import { alignedBillingPeriodAt } from './aligned-billing-period.js';
import type { SubscriptionView } from './subscription-view.js';

export type Timing = 'immediate' | 'next_billing_cycle' | Instant;

// Clocks of client and server differ a little; "now" as the client sees it is not the past.
const toleranceMinutes = 2;

const invalidTiming = (message: string): { readonly refused: Refusal } => ({
  refused: refusal.invalidField('$.timing', 'timing_invalid', message),
});

/** When a new subscription starts. */
export function resolveCreateTiming(timing: Timing, now: Instant): Decision<Instant> {
  if (timing === 'immediate') return { accepted: now };
  if (timing === 'next_billing_cycle') {
    return invalidTiming('next_billing_cycle needs a subscription that runs already');
  }
  return isBefore(timing, now.subtract({ minutes: toleranceMinutes }))
    ? invalidTiming(`${toRfc3339(timing)} is in the past`)
    : { accepted: timing };
}

/** When a subscription that runs ends. */
export function resolveCancelTiming(timing: Timing, view: SubscriptionView, now: Instant): Decision<Instant> {
  if (timing === 'immediate') return { accepted: now };
  if (timing === 'next_billing_cycle') return { accepted: alignedBillingPeriodAt(view, now).to };
  if (isBefore(timing, now)) return invalidTiming(`${toRfc3339(timing)} is in the past`);
  return isPeriodBoundary(view, timing)
    ? { accepted: timing }
    : invalidTiming(`${toRfc3339(timing)} is not where a billing period begins or ends`);
}

function isPeriodBoundary(view: SubscriptionView, at: Instant): boolean {
  if (sameInstant(alignedBillingPeriodAt(view, at).from, at)) return true;
  const before = at.subtract(Temporal.Duration.from({ nanoseconds: 1 }));
  return isBefore(view.activeFrom, at) && sameInstant(alignedBillingPeriodAt(view, before).to, at);
}
