// How credit-engine.json writes things down, and the way from there to the core's values and back.
import {
  type Aggregation,
  type Balance,
  type Expiration,
  expirationAt,
  type Grant,
  parseInterval,
  type PhaseEnd,
  type Segment,
  type ThresholdType,
  type UsagePeriodEntry,
  type WindowSize,
} from '@ledgerline/credits/core';
import {
  compareInstants,
  decimal,
  type Decimal,
  floorToMinute,
  type Instant,
  instant,
  invariant,
  type MinuteInstant,
  type Period,
  sum,
  toRfc3339,
  ZERO,
} from '@ledgerline/kernel';
import type { Vector } from './adapter.js';

export interface GrantText {
  readonly id: string;
  readonly amount: number;
  readonly priority: number;
  readonly effectiveAt: string;
  readonly expiration?: Expiration;
  readonly expiresAt?: string;
  readonly recurrence?: { readonly interval: string; readonly anchor: string };
  readonly minRolloverAmount?: number;
  readonly maxRolloverAmount?: number;
  readonly voidedAt?: string;
  readonly deletedAt?: string;
  readonly createdAt?: string;
}
export interface EventText {
  readonly time: string;
  readonly value: number | string;
}
export interface EntryText {
  readonly from: string;
  readonly interval: string;
  readonly anchor: string;
}
export interface Facts {
  readonly [field: string]: unknown;
}
/** What a vector says about a result: asserted by the original's tests, by its source, and what would be right. */
export interface Claims {
  readonly expect?: Facts;
  readonly reference?: Facts;
  readonly recommended?: Facts;
}
export interface EngineRun extends Vector, Claims {
  readonly input: {
    readonly aggregation: Aggregation;
    readonly start: {
      readonly at: string;
      readonly balances: Readonly<Record<string, number>>;
      readonly overage: number;
      readonly usage?: { readonly since: string; readonly value: number };
    };
    readonly grants: readonly GrantText[];
    readonly events: readonly EventText[];
    readonly resets: readonly string[];
    readonly preserveOverageAtReset: boolean;
    readonly until: string;
  };
}
export type Step = Claims &
  (
    | { readonly op: 'query' | 'period'; readonly at: string }
    | {
        readonly op: 'reset';
        readonly at: string;
        readonly now: string;
        readonly retainAnchor?: boolean;
        readonly preserveOverage?: boolean;
      }
    | { readonly op: 'grant'; readonly grant: GrantText }
    | { readonly op: 'void'; readonly grantId: string; readonly at: string }
    | { readonly op: 'events'; readonly events: readonly EventText[] }
    | { readonly op: 'history'; readonly from?: string; readonly to: string; readonly windowSize: WindowSize }
  );
export interface Entitlement extends Vector {
  readonly input: {
    readonly aggregation?: Aggregation;
    readonly measureUsageFrom: string;
    readonly usagePeriod: { readonly interval: string; readonly anchor: string };
    readonly preserveOverageAtReset?: boolean;
    readonly grants?: readonly GrantText[];
    readonly events?: readonly EventText[];
  };
  readonly steps: readonly Step[];
}
export interface UsagePeriodVector extends Vector {
  readonly input: { readonly entries: readonly EntryText[]; readonly at: string };
  readonly expect: Facts;
}
export interface ResetTimelineVector extends Vector {
  readonly input: {
    readonly entries: readonly EntryText[];
    readonly from: string;
    readonly to: string;
    readonly prependStartOfMeasurement: boolean;
  };
  readonly expect: readonly string[];
}
export type LifeText = Pick<GrantText, 'effectiveAt' | 'expiresAt' | 'voidedAt' | 'deletedAt'>;
export interface LifeVector extends Vector {
  readonly input: LifeText & { readonly at: string };
  readonly expect: unknown;
}
export interface ExpirationVector extends Vector {
  readonly input: { readonly effectiveAt: string; readonly expiration: Expiration };
  readonly expect: Facts;
}
export interface ThresholdVector extends Vector {
  readonly input: {
    readonly thresholds: readonly { readonly type: ThresholdType; readonly value: number }[];
    readonly balance: number | null;
    readonly usage: number | null;
    readonly overage: number | null;
  };
  readonly expect: unknown;
}

/** A meter over events in memory: [from, to), nothing found counts 0. */
export function usageOf(
  events: readonly EventText[],
  aggregation: Aggregation,
  { from, to }: Period,
  notAfter: Instant = to,
): Decimal {
  const inside = events.filter(({ time }) => {
    const at = instant(time);
    return compareInstants(from, at) <= 0 && compareInstants(at, to) < 0 && compareInstants(at, notAfter) < 0;
  });
  switch (aggregation) {
    case 'SUM':
      return sum(inside.map(({ value }) => decimal(value)));
    case 'COUNT':
      return decimal(inside.length);
    case 'UNIQUE_COUNT':
      return decimal(new Set(inside.map(({ value }) => value)).size);
    case 'LATEST': {
      const byTime = [...inside].sort((a, b) => compareInstants(instant(a.time), instant(b.time)));
      return decimal(byTime.at(-1)?.value ?? ZERO);
    }
  }
}

export function grantFrom(text: GrantText): Grant {
  const effectiveAt = floorToMinute(instant(text.effectiveAt));
  const expiresAt =
    text.expiration === undefined ? minute(text.expiresAt) : expirationAt(effectiveAt, text.expiration);
  return {
    id: text.id,
    amount: decimal(text.amount),
    priority: text.priority,
    effectiveAt,
    expiresAt,
    recurrence: text.recurrence && recurrenceFrom(text.recurrence),
    minRollover: decimal(text.minRolloverAmount ?? 0),
    maxRollover: decimal(text.maxRolloverAmount ?? 0),
    voidedAt: minute(text.voidedAt),
    deletedAt: minute(text.deletedAt),
    createdAt: instant(text.createdAt ?? text.effectiveAt),
  };
}

function recurrenceFrom(text: {
  interval: string;
  anchor: string;
}): Pick<UsagePeriodEntry, 'interval' | 'anchor'> {
  const interval = parseInterval(text.interval);
  invariant(interval !== undefined, `not an interval: ${text.interval}`);
  return { interval, anchor: instant(text.anchor) };
}

export const entryFrom = (text: EntryText): UsagePeriodEntry => ({
  from: instant(text.from),
  ...recurrenceFrom(text),
});

const minute = (text: string | undefined): MinuteInstant | undefined =>
  text === undefined ? undefined : floorToMinute(instant(text));

export const lifeFrom = (
  text: LifeText,
): Pick<Grant, 'effectiveAt' | 'expiresAt' | 'voidedAt' | 'deletedAt'> => ({
  effectiveAt: floorToMinute(instant(text.effectiveAt)),
  expiresAt: minute(text.expiresAt),
  voidedAt: minute(text.voidedAt),
  deletedAt: minute(text.deletedAt),
});

export const numbers = (amounts: ReadonlyMap<string, Decimal>): Readonly<Record<string, number>> =>
  Object.fromEntries([...amounts].map(([id, amount]) => [id, amount.toNumber()]));

export const periodText = ({ from, to }: Period): Facts => ({ from: toRfc3339(from), to: toRfc3339(to) });

export const balanceText = (value: Balance): Facts => ({
  balance: value.balance.toNumber(),
  usage: value.usage.toNumber(),
  overage: value.overage.toNumber(),
  totalAvailableGrantAmount: value.totalAvailableGrantAmount.toNumber(),
  grantBalances: numbers(value.grantBalances),
});

const endNames: Readonly<Record<PhaseEnd, string>> = {
  activity: 'priorityChange',
  recurrence: 'recurrence',
  reset: 'usageReset',
};

export const segmentText = (segment: Segment, grants: readonly Grant[]): Facts => ({
  ...periodText(segment),
  usage: segment.usage.toNumber(),
  overageAtStart: segment.overageAtStart.toNumber(),
  overageAtEnd: segment.overageAtEnd.toNumber(),
  balancesAtStart: {
    ...numbers(new Map(grants.map(({ id }) => [id, ZERO]))),
    ...numbers(segment.balancesAtStart),
  },
  grantUsages: segment.grantUsages.map(({ grantId, usage, isExhausted }) => ({
    grantId,
    usage: usage.toNumber(),
    reason: isExhausted ? 'GRANT_EXHAUSTED' : 'SEGMENT_TERMINATION',
  })),
  endedBy: segment.endedBy.map((end) => endNames[end]),
});
