import {
  compareInstants,
  type Decision,
  floorToMinute,
  type Instant,
  isBefore,
  refusal,
  type Refusal,
} from '@ledgerline/kernel';
import { type UsagePeriodEntry, usagePeriodAt } from './usage-period.js';

export interface ResetRequest {
  readonly effectiveAt?: Instant | undefined;
  /** Keep the old rhythm of programmatic resets; otherwise it starts anew at this reset. */
  readonly retainAnchor?: boolean | undefined;
  /** Absent: as the entitlement says. Holds for this reset alone. */
  readonly preserveOverage?: boolean | undefined;
}

/** The entry a manual reset adds to the usage periods, or why it may not be. */
export function decideReset(
  request: ResetRequest,
  usagePeriods: readonly UsagePeriodEntry[],
  now: Instant,
): Decision<UsagePeriodEntry> {
  const wanted = request.effectiveAt ?? now;
  if (compareInstants(wanted, now) > 0) return refused(`reset at ${wanted.toString()} is in the future`);
  const from = floorToMinute(wanted);
  const { from: periodStart } = usagePeriodAt(usagePeriods, now);
  if (isBefore(from, periodStart)) {
    return refused(
      `reset at ${from.toString()} is before current usage period start ${periodStart.toString()}`,
    );
  }
  const last = usagePeriods.reduce((a, b) => (compareInstants(b.from, a.from) >= 0 ? b : a));
  if (isBefore(from, last.from)) return refused(`another reset at ${last.from.toString()} comes after it`);
  const { preserveOverage } = request;
  return {
    accepted: {
      from,
      anchor: request.retainAnchor === true ? last.anchor : from,
      interval: last.interval,
      ...(preserveOverage !== undefined && { preserveOverage }),
    },
  };
}

const refused = (detail: string): { readonly refused: Refusal } => ({ refused: refusal.invalid(detail) });
