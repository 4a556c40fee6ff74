import {
  compareInstants,
  type Decimal,
  type Decision,
  floorToMinute,
  type Instant,
  isBefore,
  type MinuteInstant,
  type Period,
  type Recurrence,
  type Refusal,
  refusal,
  ZERO,
} from '@ledgerline/kernel';
import { type Expiration, expirationAt, isExpirationAcceptable } from './expiration.js';
import type { Grant } from './grant.js';
import { isIntervalAcceptable } from './interval.js';

export interface GrantRequest {
  readonly amount: Decimal;
  readonly effectiveAt: Instant;
  readonly expiration?: Expiration | undefined;
  readonly priority?: number | undefined;
  readonly minRollover?: Decimal | undefined;
  /** Absent: nothing rolls over in v1, the whole amount in v2. The API's default is the caller's to fill in. */
  readonly maxRollover: Decimal;
  readonly recurrence?:
    { readonly interval: Recurrence['interval']; readonly anchor?: Instant | undefined } | undefined;
}

export interface GrantFacts {
  readonly id: string;
  readonly now: Instant;
  /** The usage period that contains now. */
  readonly currentUsagePeriod: Period;
}

/** A new grant, or why there is none. Backdating is possible within the current usage period only. */
export function decideGrant(request: GrantRequest, facts: GrantFacts): Decision<Grant> {
  const refused = refuseNumbers(request) ?? refuseTimes(request, facts);
  if (refused !== undefined) return { refused };
  const effectiveAt = floorToMinute(request.effectiveAt);
  const { expiration, recurrence } = request;
  return {
    accepted: {
      id: facts.id,
      amount: request.amount,
      priority: request.priority ?? 0,
      effectiveAt,
      ...(expiration && { expiresAt: expirationAt(effectiveAt, expiration) }),
      ...(recurrence && {
        recurrence: {
          interval: recurrence.interval,
          anchor: floorToMinute(recurrence.anchor ?? effectiveAt),
        },
      }),
      minRollover: request.minRollover ?? ZERO,
      maxRollover: request.maxRollover,
      createdAt: facts.now,
    },
  };
}

function refuseNumbers({ amount, priority, minRollover, maxRollover }: GrantRequest): Refusal | undefined {
  if (amount.lessThanOrEqualTo(ZERO))
    return refusal.invalidField('$.amount', 'grant_amount_must_be_positive', 'must be greater than 0');
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 255))
    return refusal.invalidField('$.priority', 'grant_priority_out_of_range', 'must be between 0 and 255');
  // A negative rollover would make a balance negative.
  if (minRollover?.lessThan(ZERO) === true)
    return refusal.invalidField('$.minRolloverAmount', 'grant_rollover_negative', 'must not be negative');
  if (maxRollover.lessThan(ZERO))
    return refusal.invalidField('$.maxRolloverAmount', 'grant_rollover_negative', 'must not be negative');
  return undefined;
}

function refuseTimes(
  { effectiveAt, expiration, recurrence }: GrantRequest,
  { currentUsagePeriod }: GrantFacts,
): Refusal | undefined {
  if (isBefore(floorToMinute(effectiveAt), currentUsagePeriod.from)) {
    return refusal.invalidField(
      '$.effectiveAt',
      'grant_effective_before_usage_period',
      `must not be before the start of the current usage period ${currentUsagePeriod.from.toString()}`,
    );
  }
  if (expiration !== undefined && !isExpirationAcceptable(expiration))
    return refusal.invalidField(
      '$.expiration',
      'grant_expiration_out_of_range',
      'must be 1 hour to 1000 years',
    );
  if (recurrence !== undefined && !isIntervalAcceptable(recurrence.interval)) {
    return refusal.invalidField(
      '$.recurrence.interval',
      'grant_recurrence_out_of_range',
      'must be 1 hour to 1000 years',
    );
  }
  return undefined;
}

/** Ends a grant from a minute on; what is left of it is lost then. */
export function decideVoidGrant(
  grant: Grant,
  request: { readonly at?: Instant | undefined },
  facts: Omit<GrantFacts, 'id'>,
): Decision<{ readonly voidedAt: MinuteInstant }> {
  if (grant.voidedAt !== undefined)
    return { refused: refusal.invalid(`grant ${grant.id} is already voided`) };
  const at = request.at ?? facts.now;
  if (compareInstants(at, facts.now) > 0)
    return { refused: refusal.invalid('a grant cannot be voided in the future') };
  const voidedAt = floorToMinute(at);
  if (isBefore(voidedAt, facts.currentUsagePeriod.from)) {
    const start = facts.currentUsagePeriod.from.toString();
    return {
      refused: refusal.invalid(
        `a grant cannot be voided before the start of the current usage period ${start}`,
      ),
    };
  }
  return { accepted: { voidedAt } };
}
