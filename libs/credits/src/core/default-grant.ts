import { type Decimal, floorToMinute, type Instant, latest, type Period } from '@ledgerline/kernel';
import type { Grant } from './grant.js';

/** The grant an entitlement issues to itself (issueAfterReset): never expires, and each reset restores its amount. */
export function defaultGrant(facts: {
  readonly id: string;
  readonly amount: Decimal;
  readonly priority?: number | undefined;
  readonly measureUsageFrom: Instant;
  /** The usage period current at creation. */
  readonly currentUsagePeriod: Period;
  readonly now: Instant;
}): Grant {
  return {
    id: facts.id,
    amount: facts.amount,
    priority: facts.priority ?? 1,
    effectiveAt: floorToMinute(latest(facts.currentUsagePeriod.from, facts.measureUsageFrom)),
    minRollover: facts.amount,
    maxRollover: facts.amount,
    createdAt: facts.now,
  };
}
