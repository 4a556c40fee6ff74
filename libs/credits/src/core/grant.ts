import {
  compareInstants,
  type Decimal,
  type Instant,
  type MinuteInstant,
  type Recurrence,
} from '@ledgerline/kernel';

/** Time-effective credit on a metered entitlement. Immutable apart from its end: it can be voided or deleted. */
export interface Grant {
  readonly id: string;
  readonly amount: Decimal;
  /** 0..255, the lower number burns first. */
  readonly priority: number;
  readonly effectiveAt: MinuteInstant;
  /** Exclusive end; absent means it never expires. */
  readonly expiresAt?: MinuteInstant | undefined;
  /** Each recurrence sets the balance to `amount` again; it never accumulates. */
  readonly recurrence?: Recurrence | undefined;
  /** What a reset leaves: min(maxRollover, max(minRollover, balance)); the maximum wins. */
  readonly minRollover: Decimal;
  readonly maxRollover: Decimal;
  readonly voidedAt?: MinuteInstant | undefined;
  readonly deletedAt?: MinuteInstant | undefined;
  readonly createdAt: Instant;
}

export type GrantEnd = 'expired' | 'voided' | 'deleted';

/** When a grant can pay: `from` inside, `to` outside; no `to` means open. */
export interface GrantActivity {
  readonly from: MinuteInstant;
  readonly to?: MinuteInstant;
  readonly endedBy?: GrantEnd;
}

type Life = Pick<Grant, 'effectiveAt' | 'expiresAt' | 'voidedAt' | 'deletedAt'>;

/** From effectiveAt to whichever comes first of expiry, voiding and deletion; empty when that lies before the start. */
export function grantActivity(grant: Life): GrantActivity {
  const ends: readonly [GrantEnd, MinuteInstant | undefined][] = [
    ['expired', grant.expiresAt],
    ['voided', grant.voidedAt],
    ['deleted', grant.deletedAt],
  ];
  let first: { readonly to: MinuteInstant; readonly endedBy: GrantEnd } | undefined;
  for (const [endedBy, to] of ends) {
    if (to === undefined) continue;
    if (first === undefined || compareInstants(to, first.to) < 0) first = { to, endedBy };
  }
  const from = grant.effectiveAt;
  if (first === undefined) return { from };
  return compareInstants(first.to, from) < 0 ? { from, ...first, to: from } : { from, ...first };
}

export function isGrantActiveAt(grant: Life, at: Instant): boolean {
  const { from, to } = grantActivity(grant);
  return compareInstants(from, at) <= 0 && (to === undefined || compareInstants(at, to) < 0);
}

/** Burn order: priority, then what expires sooner, then what was created earlier, then the id, so that it is total. */
export function compareBurnOrder(a: Grant, b: Grant): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  const expiry = compareExpiry(a.expiresAt, b.expiresAt);
  if (expiry !== 0) return expiry;
  const created = compareInstants(a.createdAt, b.createdAt);
  if (created !== 0) return created;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function compareExpiry(a: MinuteInstant | undefined, b: MinuteInstant | undefined): number {
  if (a === undefined) return b === undefined ? 0 : 1;
  return b === undefined ? -1 : compareInstants(a, b);
}

/** The grants that can matter between the two instants, both included: not over before `from`, effective by `to`. */
export const grantsWithin = (
  grants: readonly Grant[],
  from: MinuteInstant,
  to: MinuteInstant,
): readonly Grant[] =>
  grants.filter((grant) => {
    const activity = grantActivity(grant);
    const overBefore = activity.to !== undefined && compareInstants(activity.to, from) < 0;
    return !overBefore && compareInstants(activity.from, to) <= 0;
  });
