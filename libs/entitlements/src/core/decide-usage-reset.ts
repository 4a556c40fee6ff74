import { decideReset, type ResetRequest, type UsagePeriodEntry } from '@ledgerline/credits/core';
import { type Decision, type Instant, refusal } from '@ledgerline/kernel';
import { refuseManaged } from './decide-entitlement.js';
import { type Entitlement, isActiveAt, usagePeriodsOf } from './entitlement.js';
import { refuseFarInstant, resetsMax } from './limits.js';

/** The stretch of usage periods that a reset by hand begins, or why there is none. */
export function decideUsageReset(
  entitlement: Entitlement,
  request: ResetRequest,
  now: Instant,
): Decision<UsagePeriodEntry> {
  const refused = refuseManaged(entitlement) ?? refuseFarInstant('$.effectiveAt', request.effectiveAt);
  if (refused !== undefined) return { refused };
  if (entitlement.type !== 'metered')
    return { refused: refusal.invalid(`entitlement ${entitlement.id} is not metered: it has no usage`) };
  if (!isActiveAt(entitlement, now))
    return { refused: refusal.invalid(`entitlement ${entitlement.id} is not active`) };
  if (entitlement.resets.length >= resetsMax)
    return { refused: refusal.invalid(`an entitlement has at most ${resetsMax} resets by hand`) };
  return decideReset(request, usagePeriodsOf(entitlement), now);
}
