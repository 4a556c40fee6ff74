import {
  type Balance,
  balanceOf,
  burnBalance,
  burnDown,
  burndownHistory,
  type CreditAccount,
  decideReset,
  emptySnapshot,
  expirationAt,
  grantActivity,
  historyWindows,
  isGrantActiveAt,
  planBalance,
  planBurnPhases,
  planHistory,
  reportedThresholds,
  resetTimeline,
  type Snapshot,
  type Threshold,
  usagePeriodAt,
  usageWindows,
  windowedHistory,
} from '@ledgerline/credits/core';
import {
  acceptedOrThrow,
  ceilToMinute,
  decimal,
  floorToMinute,
  instant,
  invariant,
  InvariantViolation,
  latest,
  type MinuteInstant,
  Refused,
  sum,
  toRfc3339,
} from '@ledgerline/kernel';
import {
  compare,
  failed,
  passed,
  unknownKind,
  type Vector,
  type VectorAdapter,
  type VectorOutcome,
} from './adapter.js';
import {
  balanceText,
  type Claims,
  type EngineRun,
  type Entitlement,
  entryFrom,
  type EventText,
  type ExpirationVector,
  type Facts,
  grantFrom,
  lifeFrom,
  type LifeVector,
  numbers,
  periodText,
  type ResetTimelineVector,
  segmentText,
  type Step,
  type ThresholdVector,
  type UsagePeriodVector,
  usageOf,
} from './credit-engine-text.js';

export const adapter: VectorAdapter = {
  file: 'credit-engine.json',
  run: (vector) => runAgainst(vector, ({ expect, reference }) => [reference, expect]),
};

/** Compares with what a correct implementation should answer, where a vector of a quirk says so. */
export const runRecommended = (vector: Vector): VectorOutcome =>
  runAgainst(vector, ({ recommended }) => [recommended]);

type Chosen = (claims: Claims) => readonly (Facts | undefined)[];

// The kind of a vector names its shape, hence the assertions.
function runAgainst(vector: Vector, chosen: Chosen): VectorOutcome {
  switch (vector.kind) {
    case 'engine-run':
      return runEngine(vector as EngineRun, chosen);
    case 'entitlement':
      return runEntitlement(vector as Entitlement, chosen);
    case 'usage-period': {
      const { input, expect } = vector as UsagePeriodVector;
      return compare(expect, periodText(usagePeriodAt(input.entries.map(entryFrom), instant(input.at))));
    }
    case 'reset-timeline':
      return runTimeline(vector as ResetTimelineVector);
    case 'grant-effective-period': {
      const { input, expect } = vector as LifeVector;
      const { from, to } = grantActivity(lifeFrom(input));
      return compare(expect, { from: toRfc3339(from), to: to && toRfc3339(to) });
    }
    case 'grant-active-at': {
      const { input, expect } = vector as LifeVector;
      return compare(expect, isGrantActiveAt(lifeFrom(input), instant(input.at)));
    }
    case 'grant-expiration': {
      const { input, expect } = vector as ExpirationVector;
      return compare(expect, {
        expiresAt: toRfc3339(expirationAt(instant(input.effectiveAt), input.expiration)),
      });
    }
    case 'balance-threshold':
      return runThreshold(vector as ThresholdVector);
    default:
      return unknownKind(vector);
  }
}

function runEngine({ input, ...claims }: EngineRun, chosen: Chosen): VectorOutcome {
  const expectedError = claims.expect?.['error'];
  let answer: Facts;
  try {
    answer = engineAnswer(input);
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
    return errorOutcome(expectedError, error.message);
  }
  if (expectedError !== undefined) return failed('$: expected an error, computed a result');
  return all(chosen(claims).map((expected) => compare(expected ?? {}, answer)));
}

function engineAnswer(input: EngineRun['input']): Facts {
  const { start, aggregation } = input;
  const at = floorToMinute(instant(start.at));
  const since = floorToMinute(instant(start.usage?.since ?? start.at));
  const snapshot: Snapshot = {
    ...emptySnapshot(at),
    balances: new Map(Object.entries(start.balances).map(([id, balance]) => [id, decimal(balance)])),
    overage: decimal(start.overage),
    usage: { since, value: decimal(start.usage?.value ?? 0) },
  };
  const plan = planBurnPhases(
    input.grants.map(grantFrom),
    input.resets.map((reset) => ({
      at: floorToMinute(instant(reset)),
      preserveOverage: input.preserveOverageAtReset,
    })),
    { from: at, to: ceilToMinute(instant(input.until)), usageSince: since, aggregation },
  );
  const usage = usageWindows(plan).map((window) => usageOf(input.events, aggregation, window));
  const run = burnDown(snapshot, plan, usage);
  return {
    balances: numbers(run.end.balances),
    balance: sum(run.end.balances.values()).toNumber(),
    overage: run.end.overage.toNumber(),
    usage: { since: toRfc3339(run.end.usage.since), value: run.end.usage.value.toNumber() },
    segmentCount: run.history.length,
    segments: run.history.map((segment) => segmentText(segment, run.grants)),
  };
}

interface World {
  account: CreditAccount;
  readonly events: EventText[];
}

function runEntitlement({ input, steps }: Entitlement, chosen: Chosen): VectorOutcome {
  const world: World = {
    account: {
      aggregation: input.aggregation ?? 'SUM',
      grants: (input.grants ?? []).map(grantFrom),
      usagePeriods: [entryFrom({ from: input.measureUsageFrom, ...input.usagePeriod })],
      preserveOverageAtReset: input.preserveOverageAtReset ?? false,
    },
    events: [...(input.events ?? [])],
  };
  return all(
    steps.map((step, index) => {
      const outcome = runStep(world, step, chosen);
      return outcome.outcome === 'failed'
        ? failed(`step ${index} (${step.op}): ${outcome.difference}`)
        : outcome;
    }),
  );
}

function runStep(world: World, step: Step, chosen: Chosen): VectorOutcome {
  const check = (answer: Facts): VectorOutcome =>
    all(
      chosen(step).map((expected) => compare(withExactBalances(expected ?? {}), withExactBalances(answer))),
    );
  const { account } = world;
  switch (step.op) {
    case 'query': {
      const at = ceilToMinute(instant(step.at));
      const { from } = usagePeriodAt(account.usagePeriods, at);
      return check({ ...balanceText(balanceAt(world, at)), periodStart: toRfc3339(from) });
    }
    case 'period':
      return check(periodText(usagePeriodAt(account.usagePeriods, instant(step.at))));
    case 'reset':
      try {
        const request = { ...step, effectiveAt: instant(step.at) };
        const entry = acceptedOrThrow(decideReset(request, account.usagePeriods, instant(step.now)));
        world.account = { ...account, usagePeriods: [...account.usagePeriods, entry] };
        if (step.expect?.['error'] !== undefined) return failed('expected a refusal');
        return check(balanceText(balanceAt(world, floorToMinute(entry.from))));
      } catch (error) {
        if (error instanceof Refused) return errorOutcome(step.expect?.['error'], error.message);
        throw error;
      }
    case 'grant':
      world.account = { ...account, grants: [...account.grants, grantFrom(step.grant)] };
      return check({});
    case 'void': {
      const voidedAt = floorToMinute(instant(step.at));
      const grants = account.grants.map((grant) =>
        grant.id === step.grantId ? { ...grant, voidedAt } : grant,
      );
      world.account = { ...account, grants };
      return check({});
    }
    case 'events':
      world.events.push(...step.events);
      return check({});
    case 'history':
      return check(historyText(world, step));
  }
}

function balanceAt({ account, events }: World, at: MinuteInstant): Balance {
  const plan = planBalance({ ...account, at });
  const usage = plan.windows.map((window) => usageOf(events, account.aggregation, window));
  return balanceOf(burnBalance(plan, usage));
}

function historyText({ account, events }: World, step: Step & { op: 'history' }): Facts {
  const lastReset = latest(instant('1970-01-01T00:00:00Z'), ...account.usagePeriods.map(({ from }) => from));
  const from = floorToMinute(step.from === undefined ? lastReset : instant(step.from));
  const to = ceilToMinute(instant(step.to));
  const [first] = account.usagePeriods;
  invariant(first !== undefined, 'an entitlement has a first usage period');
  const bounds = { from, to, measureUsageFrom: first.from };
  const windows = acceptedOrThrow(historyWindows(bounds, step.windowSize, 'UTC'));
  const plan = planHistory({ ...account, from, to, windows });
  const run = burnBalance(
    plan,
    plan.windows.map((window) => usageOf(events, account.aggregation, window)),
  );
  const windowed = windowedHistory(
    run,
    plan.historyFrom,
    windows.map((window) => ({ ...window, usage: usageOf(events, account.aggregation, window, to) })),
  ).map((window) => ({
    ...periodText(window),
    usage: window.usage.toNumber(),
    balanceAtStart: window.balanceAtStart.toNumber(),
  }));
  const segments = burndownHistory(run, plan.historyFrom).map((segment) => segmentText(segment, run.grants));
  return {
    windows: windowed,
    window: Object.fromEntries(windowed.entries()),
    windowCount: windowed.length,
    segments,
    segmentCount: segments.length,
  };
}

function runTimeline({ input, expect }: ResetTimelineVector): VectorOutcome {
  const entries = input.entries.map(entryFrom);
  const timeline = resetTimeline(entries, instant(input.from), instant(input.to)).map(toRfc3339);
  const [first] = entries;
  const start = first === undefined ? [] : [toRfc3339(first.from)];
  return compare(expect, input.prependStartOfMeasurement ? [...new Set([...start, ...timeline])] : timeline);
}

function runThreshold({ input, expect }: ThresholdVector): VectorOutcome {
  const thresholds = input.thresholds.map(({ type, value }) => ({ type, value: decimal(value) }));
  const reported = reportedThresholds(thresholds, {
    balance: decimal(input.balance ?? 0),
    usage: decimal(input.usage ?? 0),
    overage: decimal(input.overage ?? 0),
  });
  const text = (threshold: Threshold | undefined): Facts | null =>
    threshold === undefined ? null : { type: threshold.type, value: threshold.value.toNumber() };
  return compare(expect, {
    usageThreshold: text(reported.usageThreshold),
    balanceThreshold: text(reported.balanceThreshold),
  });
}

/** `compare` ignores fields that only the answer has, but a grant too many is a wrong balance: compared as a list. */
function withExactBalances(facts: Facts): Facts {
  const { grantBalances } = facts;
  if (typeof grantBalances !== 'object' || grantBalances === null) return facts;
  return { ...facts, grantBalances: Object.entries(grantBalances).sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** `true` expects any error, a text one that contains it. */
const errorOutcome = (expected: unknown, message: string): VectorOutcome =>
  expected === true || (typeof expected === 'string' && message.includes(expected))
    ? passed
    : failed(`expected ${JSON.stringify(expected ?? 'a result')}, computed the error "${message}"`);

function all(outcomes: readonly VectorOutcome[]): VectorOutcome {
  const differences = outcomes.flatMap((outcome) =>
    outcome.outcome === 'failed' ? [outcome.difference] : [],
  );
  return differences.length === 0 ? passed : failed(differences.join('\n'));
}
