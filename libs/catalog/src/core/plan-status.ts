import { type Instant, isAtOrBefore, isBefore } from '@ledgerline/kernel';
import type { Plan } from './plan.js';

export type PlanStatus = 'draft' | 'scheduled' | 'active' | 'archived';

/** Computed, never stored. The effective period is half-open: a plan is active at the instant it is published. */
export function planStatusAt(
  { effectiveFrom, effectiveTo }: Pick<Plan, 'effectiveFrom' | 'effectiveTo'>,
  at: Instant,
): PlanStatus {
  if (effectiveFrom === undefined) return effectiveTo === undefined ? 'draft' : 'archived';
  if (effectiveTo !== undefined && isAtOrBefore(effectiveTo, at)) return 'archived';
  return isBefore(at, effectiveFrom) ? 'scheduled' : 'active';
}
