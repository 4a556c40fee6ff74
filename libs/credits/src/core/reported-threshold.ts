import { type Decimal, ZERO } from '@ledgerline/kernel';
import type { Balance } from './balance.js';

export type ThresholdType =
  | 'usage_value'
  | 'usage_percentage'
  | 'balance_value'
  /** The older names of the first two. */
  | 'NUMBER'
  | 'PERCENT';

export interface Threshold {
  readonly type: ThresholdType;
  readonly value: Decimal;
}

export interface ReportedThresholds {
  readonly usageThreshold?: Threshold | undefined;
  readonly balanceThreshold?: Threshold | undefined;
}

type Figures = Pick<Balance, 'balance' | 'usage' | 'overage'>;

const isPercentage = ({ type }: Threshold): boolean => type === 'usage_percentage' || type === 'PERCENT';

/** The thresholds of one rule a balance has passed: the furthest of each kind, at most one of usage, one of balance. */
export function reportedThresholds(thresholds: readonly Threshold[], figures: Figures): ReportedThresholds {
  return {
    usageThreshold: furthestUsage(
      thresholds.filter(({ type }) => type !== 'balance_value'),
      figures,
    ),
    balanceThreshold: lowestBalance(
      thresholds.filter(({ type }) => type === 'balance_value'),
      figures,
    ),
  };
}

function furthestUsage(thresholds: readonly Threshold[], figures: Figures): Threshold | undefined {
  const { balance, usage, overage } = figures;
  const total = balance.plus(usage).minus(overage);
  let furthest: { readonly threshold: Threshold; readonly level: Decimal } | undefined;
  for (const threshold of thresholds) {
    // A share of nothing granted says nothing.
    if (isPercentage(threshold) && balance.isZero() && overage.isZero()) continue;
    const level = isPercentage(threshold) ? total.times(threshold.value).dividedBy(100) : threshold.value;
    if (level.greaterThanOrEqualTo(usage)) continue;
    const isFurther =
      furthest === undefined ||
      level.greaterThan(furthest.level) ||
      (level.equals(furthest.level) && isPercentage(threshold));
    if (isFurther) furthest = { threshold, level };
  }
  return furthest?.threshold;
}

function lowestBalance(thresholds: readonly Threshold[], figures: Figures): Threshold | undefined {
  const { balance, usage, overage } = figures;
  if (balance.isZero() && usage.isZero() && overage.isZero()) return undefined;
  let lowest: Threshold | undefined;
  for (const threshold of thresholds) {
    const isActive = threshold.value.equals(ZERO) ? balance.isZero() : balance.lessThan(threshold.value);
    if (isActive && (lowest === undefined || threshold.value.lessThan(lowest.value))) lowest = threshold;
  }
  return lowest;
}
