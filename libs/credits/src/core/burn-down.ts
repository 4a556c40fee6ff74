import {
  compareInstants,
  type Decimal,
  invariant,
  max,
  min,
  type MinuteInstant,
  ZERO,
} from '@ledgerline/kernel';
import { compareBurnOrder, type Grant, grantActivity, type GrantEnd, isGrantActiveAt } from './grant.js';
import type { BurnPlan, Phase, PhaseEnd } from './plan-burn-phases.js';
import type { Aggregation, Snapshot } from './snapshot.js';

export interface GrantUsage {
  readonly grantId: string;
  readonly usage: Decimal;
  /** True when the grant had nothing left afterwards. */
  readonly isExhausted: boolean;
}

/** One phase as it went. Start balances do not have the overage carried in deducted yet. */
export interface Segment {
  readonly from: MinuteInstant;
  readonly to: MinuteInstant;
  /** Usage within the segment; for LATEST the level the gauge showed at its end. */
  readonly usage: Decimal;
  readonly overageAtStart: Decimal;
  readonly overageAtEnd: Decimal;
  /** Of the grants active in the segment, in burn order. */
  readonly balancesAtStart: ReadonlyMap<string, Decimal>;
  /** Of the grants that had something to give, in burn order. */
  readonly grantUsages: readonly GrantUsage[];
  readonly endedBy: readonly PhaseEnd[];
}

export type MovementKind = 'granted' | 'toppedUp' | 'raised' | 'used' | 'forfeited' | GrantEnd;

/** A change of one grant's balance; the kind says whether it adds (the first three) or takes. Only `used` may be negative. */
export interface Movement {
  readonly at: MinuteInstant;
  readonly grantId: string;
  readonly kind: MovementKind;
  readonly amount: Decimal;
}

export interface BurnResult {
  readonly grants: readonly Grant[];
  readonly aggregation: Aggregation;
  readonly end: Snapshot;
  readonly history: readonly Segment[];
  /** Explains every balance: start + what was added − what was taken = end. Empty for LATEST, whose amounts are limits. */
  readonly movements: readonly Movement[];
  /** Overage that resets wiped out. */
  readonly overageForgiven: Decimal;
  /** The checkpoint asked for by `keepUpTo`, if a phase starts in time. */
  readonly kept?: Snapshot;
}

export interface BurnOptions {
  /** Keep a snapshot of the latest phase start (not the first) at or before this instant. */
  readonly keepUpTo?: MinuteInstant | undefined;
}

/** Burns the usage of each phase from the grants active in it. `usage` answers `usageWindows(plan)`, in its order. */
export function burnDown(
  start: Snapshot,
  plan: BurnPlan,
  usage: readonly Decimal[],
  options: BurnOptions = {},
): BurnResult {
  const run = new Run(start, plan);
  const keepAt = phaseToKeep(plan.phases, options.keepUpTo);
  let asked = 0;
  let kept: Snapshot | undefined;
  for (const [index, phase] of plan.phases.entries()) {
    run.begin(phase);
    if (index === keepAt) kept = run.snapshot(phase.from);
    let reading: Decimal | undefined;
    if (phase.window !== undefined) {
      reading = usage[asked];
      invariant(reading !== undefined, 'usage answers each window of the plan');
      asked += 1;
    }
    run.burn(phase, reading);
  }
  invariant(asked === usage.length, 'usage answers no more than the windows of the plan');
  return run.result(kept);
}

function phaseToKeep(phases: readonly Phase[], upTo: MinuteInstant | undefined): number {
  if (upTo === undefined) return -1;
  const index = phases.findLastIndex(
    (phase) => phase.window !== undefined && compareInstants(phase.from, upTo) <= 0,
  );
  const first = phases[0];
  const found = phases[index];
  const isFirst = first !== undefined && found !== undefined && compareInstants(found.from, first.from) === 0;
  return isFirst ? -1 : index;
}

/** The running state of one calculation; lives only inside `burnDown`, which stays a pure function. */
class Run {
  private readonly balances: Map<string, Decimal>;
  private readonly isGauge: boolean;
  private active: Grant[];
  private overage: Decimal;
  private since: MinuteInstant;
  private counted: Decimal;
  private charged: Map<string, Decimal>;
  private forgiven = ZERO;
  private at: MinuteInstant;
  private readonly history: Segment[] = [];
  private readonly movements: Movement[] = [];

  constructor(
    start: Snapshot,
    private readonly plan: BurnPlan,
  ) {
    invariant(
      start.balances.size === plan.grants.length && plan.grants.every(({ id }) => start.balances.has(id)),
      'the start snapshot has a balance for exactly the grants that take part',
    );
    this.isGauge = plan.aggregation === 'LATEST';
    this.balances = new Map(start.balances);
    this.active = plan.grants.filter((grant) => isGrantActiveAt(grant, start.at));
    this.overage = start.overage;
    this.since = start.usage.since;
    this.counted = start.usage.value;
    this.charged = new Map(start.charged);
    this.at = start.at;
    for (const grant of plan.grants) {
      if (isGrantActiveAt(grant, start.at)) continue;
      // A balance noted for a grant that is not effective yet was never there.
      if (compareInstants(grant.effectiveAt, start.at) > 0) this.balances.set(grant.id, ZERO);
      else this.end(grant);
    }
  }

  /** All that happens at the first instant of a phase, before any of its usage. */
  begin(phase: Phase): void {
    this.at = phase.from;
    if (phase.ending.length > 0) {
      const ended = new Set(phase.ending);
      this.active = this.active.filter((grant) => !ended.has(grant));
      // At the run's last instant nothing can burn any more: the balance stays to show what is about to be lost.
      if (phase.role !== 'instant') for (const grant of phase.ending) this.end(grant);
    }
    if (phase.reset !== undefined) this.rollOver();
    if (phase.starting.length > 0) {
      this.active = [...this.active, ...phase.starting].sort(compareBurnOrder);
      for (const grant of phase.starting) this.setBalance(grant, grant.amount, 'granted', 'forfeited');
    }
    for (const grant of phase.recurring) this.setBalance(grant, grant.amount, 'toppedUp', 'forfeited');
    // Amounts under a gauge are limits, not budgets: each phase measures the level against all of them anew.
    if (this.isGauge) {
      for (const grant of this.active) this.balances.set(grant.id, grant.amount);
      this.overage = ZERO;
    }
    if (phase.reset !== undefined) this.settleAtReset(phase.reset.preserveOverage);
  }

  burn(phase: Phase, reading: Decimal | undefined): void {
    const { usage, toBurn } = this.count(phase, reading);
    const owed = phase.role === 'marker' ? ZERO : toBurn.plus(this.overage);
    const balancesAtStart = new Map(this.active.map(({ id }) => [id, this.balanceOf(id)]));
    const overageAtStart = this.overage;
    const { grantUsages, rest } = this.charge(owed);
    for (const { grantId, usage: paid } of grantUsages) {
      if (paid.isZero()) continue;
      const before = this.isGauge ? ZERO : (this.charged.get(grantId) ?? ZERO);
      this.charged.set(grantId, before.plus(paid));
    }
    if (phase.role !== 'marker') this.overage = rest;
    this.at = phase.to;
    if (phase.role === 'instant') return;
    const { from, to, endedBy } = phase;
    const overageAtEnd = this.overage;
    this.history.push({
      from,
      to,
      usage,
      overageAtStart,
      overageAtEnd,
      balancesAtStart,
      grantUsages,
      endedBy,
    });
  }

  snapshot(at: MinuteInstant): Snapshot {
    return {
      at,
      balances: new Map(this.balances),
      overage: this.overage,
      usage: { since: this.since, value: this.counted },
      charged: new Map(this.charged),
    };
  }

  result(kept: Snapshot | undefined): BurnResult {
    return {
      grants: this.plan.grants,
      aggregation: this.plan.aggregation,
      end: this.snapshot(this.at),
      history: this.history,
      movements: this.movements,
      overageForgiven: this.forgiven,
      ...(kept && { kept }),
    };
  }

  /** Turns a reading into usage and moves the counter on; an empty phase has no reading. */
  private count(phase: Phase, reading: Decimal | undefined): { usage: Decimal; toBurn: Decimal } {
    const { aggregation } = this.plan;
    if (aggregation === 'LATEST') {
      if (reading !== undefined) this.counted = reading;
      this.charged = new Map();
      return { usage: this.counted, toBurn: this.counted };
    }
    if (reading === undefined) return { usage: ZERO, toBurn: ZERO };
    invariant(compareInstants(phase.usageSince, this.since) === 0, 'the counter runs since the period start');
    const usage = aggregation === 'UNIQUE_COUNT' ? reading.minus(this.counted) : reading;
    this.counted = this.counted.plus(usage);
    return { usage, toBurn: usage };
  }

  /** What a reset leaves of each grant: its rollover, the maximum winning over the minimum. */
  private rollOver(): void {
    for (const grant of this.active) {
      const rolled = min(grant.maxRollover, max(grant.minRollover, this.balanceOf(grant.id)));
      this.setBalance(grant, rolled, 'raised', 'forfeited');
    }
  }

  // After the balances of the new period are complete, so that no grant of this instant escapes the debt.
  private settleAtReset(preserveOverage: boolean): void {
    this.since = this.at;
    this.counted = ZERO;
    this.charged = new Map();
    if (preserveOverage) {
      this.overage = this.charge(this.overage).rest;
    } else {
      this.forgiven = this.forgiven.plus(this.overage);
      this.overage = ZERO;
    }
  }

  private charge(amount: Decimal): { grantUsages: readonly GrantUsage[]; rest: Decimal } {
    if (amount.isNegative() && !amount.isZero()) return this.giveBack(amount.negated());
    const grantUsages: GrantUsage[] = [];
    let rest = amount;
    for (const { id } of this.active) {
      const balance = this.balanceOf(id);
      if (balance.isZero()) continue;
      const isExhausted = balance.lessThanOrEqualTo(rest);
      const paid = isExhausted ? balance : rest;
      this.pay(id, paid);
      rest = rest.minus(paid);
      grantUsages.push({ grantId: id, usage: paid, isExhausted });
    }
    return { grantUsages, rest };
  }

  /**
   * Corrections beyond the usage of a phase refill the grants in reverse burn order up to their amounts; what is still
   * left goes to the first to burn. With no grant to give to it waits as negative overage, so that nothing is lost.
   */
  private giveBack(amount: Decimal): { grantUsages: readonly GrantUsage[]; rest: Decimal } {
    const back = new Map<string, Decimal>();
    let rest = amount;
    for (const { id, amount: full } of [...this.active].reverse()) {
      const room = max(ZERO, full.minus(this.balanceOf(id)));
      const part = min(room, rest);
      back.set(id, part);
      rest = rest.minus(part);
    }
    const first = this.active[0];
    if (first !== undefined) {
      back.set(first.id, (back.get(first.id) ?? ZERO).plus(rest));
      rest = ZERO;
    }
    const grantUsages = this.active.map(({ id }) => {
      const part = back.get(id) ?? ZERO;
      this.pay(id, part.negated());
      return { grantId: id, usage: part.negated(), isExhausted: false };
    });
    return { grantUsages, rest: rest.negated() };
  }

  private pay(grantId: string, amount: Decimal): void {
    if (amount.isZero()) return;
    this.balances.set(grantId, this.balanceOf(grantId).minus(amount));
    this.note(grantId, 'used', amount);
  }

  private end(grant: Grant): void {
    const { endedBy } = grantActivity(grant);
    invariant(endedBy !== undefined, 'a grant that ends has a reason to');
    this.setBalance(grant, ZERO, endedBy, endedBy);
  }

  private setBalance(grant: Grant, to: Decimal, added: MovementKind, taken: MovementKind): void {
    const change = to.minus(this.balanceOf(grant.id));
    if (change.isZero()) return;
    this.balances.set(grant.id, to);
    this.note(grant.id, change.isPositive() ? added : taken, change.abs());
  }

  private note(grantId: string, kind: MovementKind, amount: Decimal): void {
    if (!this.isGauge) this.movements.push({ at: this.at, grantId, kind, amount });
  }

  private balanceOf(grantId: string): Decimal {
    const balance = this.balances.get(grantId);
    invariant(balance !== undefined, 'each grant that takes part has a balance');
    return balance;
  }
}
