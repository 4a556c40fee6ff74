import { type Decimal, type MinuteInstant, ZERO } from '@ledgerline/kernel';
import { type Grant, isGrantActiveAt } from './grant.js';

/** How a meter's readings become usage. SUM and COUNT add up; the other two are read from the period's start on. */
export type Aggregation = 'SUM' | 'COUNT' | 'UNIQUE_COUNT' | 'LATEST';

export interface UsageCounter {
  readonly since: MinuteInstant;
  readonly value: Decimal;
}

/**
 * A checkpoint of one entitlement: everything that happens at `at` (reset, recurrence, start of grants) is in it, no
 * usage at or after `at` is. A grant that ends at `at` may still show what it loses there; it cannot pay any more.
 * A snapshot only makes calculations cheaper; deleting it changes no answer.
 */
export interface Snapshot {
  readonly at: MinuteInstant;
  readonly balances: ReadonlyMap<string, Decimal>;
  readonly overage: Decimal;
  readonly usage: UsageCounter;
  /** What each grant paid since `usage.since`: a grant that ends counts with that much in the period's total. */
  readonly charged: ReadonlyMap<string, Decimal>;
}

/** The state measurement starts with: nothing used, nothing owed. */
export const emptySnapshot = (measureUsageFrom: MinuteInstant): Snapshot => ({
  at: measureUsageFrom,
  balances: new Map(),
  overage: ZERO,
  usage: { since: measureUsageFrom, value: ZERO },
  charged: new Map(),
});

/** Exactly the given grants: one the snapshot does not know is full if active at its instant, else empty. */
export function alignSnapshot(snapshot: Snapshot, grants: readonly Grant[]): Snapshot {
  const balances = new Map(
    grants.map((grant) => [
      grant.id,
      snapshot.balances.get(grant.id) ?? (isGrantActiveAt(grant, snapshot.at) ? grant.amount : ZERO),
    ]),
  );
  return { ...snapshot, balances };
}
