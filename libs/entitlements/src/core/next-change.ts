import { grantActivity, usagePeriodAt } from '@ledgerline/credits/core';
import {
  earliest,
  type Instant,
  isAtOrBefore,
  isBefore,
  latest,
  nextRecurrenceAtOrAfter,
} from '@ledgerline/kernel';
import { type EntitlementGrant, type MeteredEntitlement, usagePeriodsOf } from './entitlement.js';

/** It has ended for good by then. */
export const isOverAt = (
  { deletedAt, activeTo }: Pick<MeteredEntitlement, 'deletedAt' | 'activeTo'>,
  at: Instant,
): boolean => deletedAt !== undefined || (activeTo !== undefined && isAtOrBefore(activeTo, at));

/**
 * The first instant after this one at which the value changes by time alone: its life begins or ends, a usage period ends, a grant
 * begins, recurs or ends. Undefined once it is over.
 */
export function nextChangeAfter(
  entitlement: MeteredEntitlement,
  grants: readonly EntitlementGrant[],
  after: Instant,
): Instant | undefined {
  if (isOverAt(entitlement, after)) return undefined;
  const { activeFrom, activeTo } = entitlement;
  const { to: periodEnd } = usagePeriodAt(usagePeriodsOf(entitlement), latest(after, activeFrom));
  const instants = [activeFrom, activeTo, periodEnd, ...grants.flatMap((grant) => changesOf(grant, after))];
  const [first, ...rest] = instants.filter(
    (at): at is Instant =>
      at !== undefined && isBefore(after, at) && (activeTo === undefined || isAtOrBefore(at, activeTo)),
  );
  return first === undefined ? undefined : earliest(first, ...rest);
}

function changesOf(grant: EntitlementGrant, after: Instant): readonly (Instant | undefined)[] {
  const { from, to } = grantActivity(grant);
  // It never was, or is over.
  if (to !== undefined && isAtOrBefore(to, latest(from, after))) return [];
  const { recurrence } = grant;
  if (recurrence === undefined) return [from, to];
  const recurs = nextRecurrenceAtOrAfter(recurrence, latest(from, after.add({ nanoseconds: 1 })));
  return [from, to, to === undefined || isBefore(recurs, to) ? recurs : undefined];
}
