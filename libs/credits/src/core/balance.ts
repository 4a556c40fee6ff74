import {
  compareInstants,
  type Decimal,
  floorToMinute,
  invariant,
  max,
  type MinuteInstant,
  sum,
  ZERO,
} from '@ledgerline/kernel';
import { burnDown, type BurnOptions, type BurnResult } from './burn-down.js';
import { type Grant, grantsWithin, isGrantActiveAt } from './grant.js';
import { type BurnPlan, planBurnPhases, type UsageWindow, usageWindows } from './plan-burn-phases.js';
import { type Aggregation, alignSnapshot, emptySnapshot, type Snapshot } from './snapshot.js';
import { resetsWithin, type UsagePeriodEntry } from './usage-period.js';

/** What is known of a metered entitlement, apart from its usage. */
export interface CreditAccount {
  readonly aggregation: Aggregation;
  /** All grants of the entitlement, in any order. */
  readonly grants: readonly Grant[];
  /** The first entry starts at measureUsageFrom. */
  readonly usagePeriods: readonly UsagePeriodEntry[];
  readonly preserveOverageAtReset: boolean;
}

export interface BalancePlan {
  readonly start: Snapshot;
  readonly plan: BurnPlan;
  /** The usage to fetch, in one query; `burnBalance` wants the values in this order. */
  readonly windows: readonly UsageWindow[];
}

export interface BalanceQuery extends CreditAccount {
  /** Round an unaligned instant up: usage of the running minute counts. Not before measureUsageFrom. */
  readonly at: MinuteInstant;
  /** The latest kept one at or before `at`; only a shortcut. */
  readonly snapshot?: Snapshot | undefined;
  readonly cuts?: readonly MinuteInstant[] | undefined;
}

export interface Balance {
  readonly at: MinuteInstant;
  readonly balance: Decimal;
  /** Since the start of the usage period. */
  readonly usage: Decimal;
  readonly overage: Decimal;
  /** Amounts of the grants active now, plus what grants that are over have paid in this usage period. */
  readonly totalAvailableGrantAmount: Decimal;
  /** Of the grants active now. */
  readonly grantBalances: ReadonlyMap<string, Decimal>;
}

export const measureUsageFrom = ({ usagePeriods }: CreditAccount): MinuteInstant => {
  const [first, ...rest] = usagePeriods.map(({ from }) => from);
  invariant(first !== undefined, 'an entitlement has at least the usage period it was created with');
  return floorToMinute(rest.reduce((a, b) => (compareInstants(b, a) < 0 ? b : a), first));
};

/** Where to start from, which phases to burn and which usage that needs. */
export function planBalance(query: BalanceQuery): BalancePlan {
  const known = query.snapshot ?? emptySnapshot(measureUsageFrom(query));
  invariant(compareInstants(known.at, query.at) <= 0, 'a balance is calculated from its past');
  const grants = grantsWithin(query.grants, known.at, query.at);
  const start = alignSnapshot(known, grants);
  const resets = resetsWithin(query.usagePeriods, start.at, query.at, query.preserveOverageAtReset);
  const plan = planBurnPhases(grants, resets, {
    from: start.at,
    to: query.at,
    usageSince: start.usage.since,
    aggregation: query.aggregation,
    ...(query.cuts && { cuts: query.cuts }),
  });
  return { start, plan, windows: usageWindows(plan) };
}

export const burnBalance = (
  { start, plan }: BalancePlan,
  usage: readonly Decimal[],
  options: BurnOptions = {},
): BurnResult => burnDown(start, plan, usage, options);

/** The answer at the end of a run. Never negative: corrections beyond all usage wait inside the engine. */
export function balanceOf({ end, grants }: BurnResult): Balance {
  const active = grants.filter((grant) => isGrantActiveAt(grant, end.at));
  const activeIds = new Set(active.map(({ id }) => id));
  const grantBalances = new Map(active.map(({ id }) => [id, end.balances.get(id) ?? ZERO]));
  const chargedToEnded = [...end.charged].filter(([id]) => !activeIds.has(id)).map(([, paid]) => paid);
  return {
    at: end.at,
    balance: sum(grantBalances.values()),
    usage: max(ZERO, end.usage.value),
    overage: max(ZERO, end.overage),
    totalAvailableGrantAmount: max(ZERO, sum([...active.map(({ amount }) => amount), ...chargedToEnded])),
    grantBalances,
  };
}

export const hasAccess = (balance: Pick<Balance, 'balance'>, isSoftLimit: boolean): boolean =>
  isSoftLimit || balance.balance.greaterThan(ZERO);
