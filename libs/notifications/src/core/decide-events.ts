import { type Balance, reportedThresholds, type Threshold } from '@ledgerline/credits/core';
import { type Instant, isAtOrBefore, isBefore, type Period, toNumeric, toRfc3339 } from '@ledgerline/kernel';
import type { SayOnce } from './event.js';
import { coversFeature, type Rule } from './rule.js';

/** What of a metered entitlement matters to rules. */
export interface WatchedEntitlement {
  readonly id: string;
  readonly createdAt: Instant;
  readonly measureUsageFrom: Instant;
  readonly feature: { readonly id: string; readonly key: string };
}

export interface ThresholdEvent {
  readonly rule: Rule;
  readonly threshold: Threshold;
  readonly once: SayOnce;
}

/** The thresholds to tell of, at most one of each kind per rule; whether they were told already is for the store to say. */
export function decideThresholdEvents(
  rules: readonly Rule[],
  entitlement: WatchedEntitlement,
  state: { readonly balance: Pick<Balance, 'balance' | 'usage' | 'overage'>; readonly period: Period },
): readonly ThresholdEvent[] {
  const period = toRfc3339(state.period.from);
  return rules
    .filter(
      (rule) => rule.type === 'entitlements.balance.threshold' && coversFeature(rule, entitlement.feature),
    )
    .flatMap((rule) => {
      const { usageThreshold, balanceThreshold } = reportedThresholds(rule.thresholds ?? [], state.balance);
      const say = (kind: string, threshold: Threshold | undefined): readonly ThresholdEvent[] =>
        threshold === undefined
          ? []
          : [
              {
                rule,
                threshold,
                once: {
                  kind: 'series',
                  series: ['threshold', kind, rule.id, entitlement.id, period].join('/'),
                  said: `${threshold.type}:${toNumeric(threshold.value)}`,
                },
              },
            ];
      return [...say('usage', usageThreshold), ...say('balance', balanceThreshold)];
    });
}

/** The beginning of a usage period. */
export interface UsageReset {
  readonly periodStart: Instant;
  /** When somebody said so; by itself it happens when the period starts. */
  readonly happenedAt: Instant;
  readonly isByHand: boolean;
}

export interface ResetEvent {
  readonly rule: Rule;
  readonly once: SayOnce;
}

/** A usage period that began, by hand or by itself, for each rule that was awake when that happened. */
export function decideResetEvents(
  rules: readonly Rule[],
  entitlement: WatchedEntitlement,
  reset: UsageReset,
): readonly ResetEvent[] {
  const { measureUsageFrom, createdAt } = entitlement;
  // The first period begins with no reset, and those before the entitlement was made are nobody's news.
  const isNone = isAtOrBefore(reset.periodStart, measureUsageFrom) || isBefore(reset.periodStart, createdAt);
  if (!reset.isByHand && isNone) return [];
  return rules
    .filter((rule) => rule.type === 'entitlements.reset' && coversFeature(rule, entitlement.feature))
    .filter(({ awakeSince }) => awakeSince !== undefined && isAtOrBefore(awakeSince, reset.happenedAt))
    .map((rule) => ({
      rule,
      once: {
        kind: 'once',
        key: ['reset', rule.id, entitlement.id, toRfc3339(reset.periodStart)].join('/'),
      },
    }));
}
