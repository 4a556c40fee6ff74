import { approximateSeconds, findCurrency, isBefore } from '@ledgerline/kernel';
import { planBillingCadences } from './cadence.js';
import { checkAlignment, checkRateCard } from './check-rate-card.js';
import type { Feature } from './feature.js';
import { byKey, critical, type Issue, warning } from './issue.js';
import type { Phase, Plan, PlanContent } from './plan.js';

/** Features by id and, where they are live, by key: what a plan's rate cards can name. */
export interface FeaturesByReference {
  readonly byId: ReadonlyMap<string, Feature>;
  readonly liveByKey: ReadonlyMap<string, Feature>;
}

/** Every issue of what a plan says, features included; the plan's own place among versions is not looked at. */
export function checkPlanContent(plan: PlanContent, features: FeaturesByReference): readonly Issue[] {
  const issues: Issue[] = [];
  if (plan.name === '') issues.push(critical('resource_name_empty', '$.name', 'must not be empty'));
  if (findCurrency(plan.currency) === undefined) {
    issues.push(critical('currency_invalid', '$.currency', `${plan.currency} is not a known currency`));
  }
  if (!planBillingCadences.includes(plan.billingCadence.toString())) {
    const message = `must be one of ${planBillingCadences.join(', ')}`;
    issues.push(critical('plan_billing_cadence_invalid', '$.billingCadence', message));
  }
  if (plan.phases.length === 0) {
    issues.push(warning('plan_with_no_phases', '$.phases', 'a plan needs at least one phase'));
  }
  for (const [index, phase] of plan.phases.entries()) {
    const field = `$.${byKey('phases', phase.key)}`;
    if (plan.phases.findIndex(({ key }) => key === phase.key) < index) {
      issues.push(critical('plan_phase_duplicated_key', `${field}.key`, 'another phase has the same key'));
    }
    issues.push(...checkDuration(phase, index === plan.phases.length - 1, field));
    issues.push(...checkPhase(plan, phase, features));
  }
  return issues;
}

function checkDuration({ duration }: Phase, isLast: boolean, phase: string): readonly Issue[] {
  const field = `${phase}.duration`;
  if (isLast) {
    return duration === undefined
      ? []
      : [warning('plan_has_last_phase_with_duration', field, 'the last phase has no end')];
  }
  if (duration === undefined) {
    const message = 'only the last phase can be without a duration';
    return [warning('plan_has_non_last_phase_with_no_duration', field, message)];
  }
  const seconds = approximateSeconds(duration);
  if (seconds < 0) return [warning('plan_phase_with_negative_duration', field, 'must not be negative')];
  return seconds < 3_600
    ? [warning('plan_phase_duration_less_then_an_hour', field, 'must be one hour or longer')]
    : [];
}

function checkPhase(plan: PlanContent, phase: Phase, features: FeaturesByReference): readonly Issue[] {
  const path = `$.${byKey('phases', phase.key)}`;
  if (phase.rateCards.length === 0) {
    const message = 'a phase needs at least one rate card';
    return [warning('plan_phase_has_no_rate_cards', `${path}.ratecards`, message)];
  }
  return phase.rateCards.flatMap((card, index) => {
    // Both spellings are OpenMeter's: what a phase finds about its cards says "ratecards", what the plan finds "rateCards".
    const inPhase = `${path}.${byKey('ratecards', card.key)}`;
    const inPlan = `${path}.${byKey('rateCards', card.key)}`;
    const isSecond = phase.rateCards.findIndex(({ key }) => key === card.key) < index;
    return [
      ...(isSecond
        ? [critical('rate_card_duplicated_key', `${inPhase}.key`, 'another rate card has the same key')]
        : []),
      ...checkRateCard(card, inPhase),
      ...checkAlignment(card, plan.billingCadence, inPlan),
      ...checkFeature(card, features, `${inPlan}.featureKey`),
    ];
  });
}

function checkFeature(
  {
    featureKey,
    featureId,
  }: { readonly featureKey?: string | undefined; readonly featureId?: string | undefined },
  features: FeaturesByReference,
  field: string,
): readonly Issue[] {
  if (featureKey === undefined) return [];
  const feature = featureId === undefined ? features.liveByKey.get(featureKey) : features.byId.get(featureId);
  if (feature === undefined) {
    return [critical('rate_card_feature_not_found', field, `there is no feature ${featureKey}`)];
  }
  if (feature.archivedAt !== undefined) {
    return [critical('rate_card_feature_archived', field, `the feature ${featureKey} is archived`)];
  }
  return feature.key === featureKey
    ? []
    : [critical('rate_card_feature_mismatch', field, `the feature's key is ${feature.key}`)];
}

/** Every issue of a stored version as it stands. */
export function checkPlan(plan: Plan, features: FeaturesByReference): readonly Issue[] {
  const { effectiveFrom, effectiveTo } = plan;
  const issues: Issue[] = [];
  if (plan.key === '') issues.push(critical('resource_key_empty', '$.key', 'must not be empty'));
  if (effectiveTo !== undefined && effectiveFrom === undefined) {
    issues.push(warning('effective_period_from_not_set', '$.effectiveFrom', 'is set when effectiveTo is'));
  }
  if (effectiveTo !== undefined && effectiveFrom !== undefined && isBefore(effectiveTo, effectiveFrom)) {
    issues.push(
      warning('effective_period_from_after_to', '$.effectiveFrom', 'must not be after effectiveTo'),
    );
  }
  return [...issues, ...checkPlanContent(plan, features)];
}

export const hasCritical = (issues: readonly Issue[]): boolean =>
  issues.some(({ severity }) => severity === 'critical');
