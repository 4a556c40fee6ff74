import {
  type Instant,
  intersectPeriods,
  isAtOrBefore,
  isBefore,
  type Period,
  recurrencePeriodAt,
  Refused,
  refusal,
  Temporal,
  toRfc3339,
} from '@ledgerline/kernel';
import type { PhaseView, SubscriptionView } from './subscription-view.js';

type Aligned = Pick<SubscriptionView, 'activeFrom' | 'billingCadence' | 'billingAnchor'> & {
  readonly phases: readonly Pick<PhaseView, 'activeFrom' | 'activeTo'>[];
};

const justBefore = (at: Instant): Instant => at.subtract(Temporal.Duration.from({ nanoseconds: 1 }));

/**
 * The billing period that contains `at`: counted from the anchor, then cut at the bounds of the phase, so that no period
 * spans two phases. After the end it is the last period there was.
 */
export function alignedBillingPeriodAt(view: Aligned, at: Instant): Period {
  if (isBefore(at, view.activeFrom)) throw new Refused(beforeStart(view, at));
  const started = view.phases.filter((phase) => isAtOrBefore(phase.activeFrom, at));
  // Phases are in order and zero-length ones never contain an instant, so the last that started is the one.
  const phase = started.findLast(hasLength) ?? started.at(-1);
  if (phase === undefined) throw new Refused(beforeStart(view, at));
  if (!hasLength(phase)) return { from: phase.activeFrom, to: phase.activeFrom };
  const ended = phase.activeTo !== undefined && isAtOrBefore(phase.activeTo, at);
  const recurrence = { interval: view.billingCadence, anchor: view.billingAnchor };
  const period = recurrencePeriodAt(recurrence, ended ? justBefore(phase.activeTo) : at);
  const cut = { from: phase.activeFrom, to: phase.activeTo ?? period.to };
  return intersectPeriods(period, cut) ?? { from: phase.activeFrom, to: phase.activeFrom };
}

const hasLength = (phase: Pick<PhaseView, 'activeFrom' | 'activeTo'>): boolean =>
  phase.activeTo === undefined || isBefore(phase.activeFrom, phase.activeTo);

const beforeStart = (view: Aligned, at: Instant) =>
  refusal.invalid('the billing period was asked for an instant before the subscription starts', {
    issues: [
      {
        code: 'subscription_billing_period_queried_before_subscription_start',
        message: 'the subscription has not started at that time',
        field: '$.timing',
        severity: 'critical',
        attributes: { queried_at: toRfc3339(at), subscription_start: toRfc3339(view.activeFrom) },
      },
    ],
  });
