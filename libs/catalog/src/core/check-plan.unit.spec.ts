import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { buildContent, buildFeature, buildRateCard, duration, featuresOf } from '../../test/builders.js';
import { checkPlan, checkPlanContent } from './check-plan.js';
import type { Phase, PlanContent } from './plan.js';

const live = buildFeature();
const archived = buildFeature({ id: '01G65Z755AFWAKHE12NY0CQ9FJ', key: 'old', archivedAt: live.createdAt });
const issuesOf = (content: Partial<PlanContent>): string[] =>
  checkPlanContent(buildContent(content), featuresOf(live, archived)).map(
    ({ severity, code, field }) => `${severity === 'critical' ? 'C' : 'W'} ${code} ${field}`,
  );
const phase = (rest: Partial<Phase> = {}): Phase => ({
  key: 'p',
  name: 'P',
  rateCards: [buildRateCard()],
  ...rest,
});
const card = (rest: Record<string, unknown>) => ({ phases: [phase({ rateCards: [buildRateCard(rest)] })] });
const inPhase = "$.phases[?(@.key=='p')]";
const inCard = `${inPhase}.ratecards[?(@.key=='base')]`;
const inCardOfPlan = `${inPhase}.rateCards[?(@.key=='base')]`;

describe('checkPlanContent', () => {
  it('has nothing to say about a plan in order', () => {
    const phases = [phase({ duration: duration('P14D') }), phase({ key: 'q' })];
    expect(issuesOf({ phases })).toEqual([]);
    const calls = buildRateCard({
      key: 'calls',
      featureKey: 'calls',
      entitlementTemplate: { type: 'metered', issueAfterReset: 10, issueAfterResetPriority: 1 },
    });
    expect(issuesOf({ phases: [phase({ rateCards: [calls] })] })).toEqual([]);
  });

  it.each<[string, Partial<PlanContent>, string[]]>([
    ['empty name', { name: '' }, ['C resource_name_empty $.name']],
    ['unknown currency', { currency: 'ZZZ' }, ['C currency_invalid $.currency']],
    ['no phases', { phases: [] }, ['W plan_with_no_phases $.phases']],
    [
      'phase without cards',
      { phases: [phase({ rateCards: [] })] },
      [`W plan_phase_has_no_rate_cards ${inPhase}.ratecards`],
    ],
    [
      'last phase with an end',
      { phases: [phase({ duration: duration('P1M') })] },
      [`W plan_has_last_phase_with_duration ${inPhase}.duration`],
    ],
    [
      'phase in between without an end',
      { phases: [phase(), phase({ key: 'q' })] },
      [`W plan_has_non_last_phase_with_no_duration ${inPhase}.duration`],
    ],
    [
      'negative phase',
      { phases: [phase({ duration: duration('-P1M') }), phase({ key: 'q' })] },
      [`W plan_phase_with_negative_duration ${inPhase}.duration`],
    ],
    [
      'short phase',
      { phases: [phase({ duration: duration('PT59M') }), phase({ key: 'q' })] },
      [`W plan_phase_duration_less_then_an_hour ${inPhase}.duration`],
    ],
    [
      'phase key twice',
      { phases: [phase({ duration: duration('P1M') }), phase()] },
      [`C plan_phase_duplicated_key ${inPhase}.key`],
    ],
    [
      'card key twice',
      { phases: [phase({ rateCards: [buildRateCard(), buildRateCard()] })] },
      [`C rate_card_duplicated_key ${inCard}.key`],
    ],
    [
      'card key is not the feature key',
      card({ featureKey: 'calls' }),
      [`C rate_card_key_feature_key_mismatch ${inCard}.featureKey`],
    ],
    [
      'feature nobody has',
      { phases: [phase({ rateCards: [buildRateCard({ key: 'base', featureKey: 'base' })] })] },
      [`C rate_card_feature_not_found ${inCardOfPlan}.featureKey`],
    ],
    [
      'feature that is archived',
      card({ featureKey: 'base', featureId: archived.id }),
      [`C rate_card_feature_archived ${inCardOfPlan}.featureKey`],
    ],
    [
      'feature with another key',
      card({ featureKey: 'base', featureId: live.id }),
      [`C rate_card_feature_mismatch ${inCardOfPlan}.featureKey`],
    ],
    [
      'cadence below an hour',
      card({ billingCadence: 'PT30M', price: null }),
      [`W billing_cadence_invalid_value ${inCard}.billingCadence`],
    ],
    [
      'cadence of zero',
      card({ billingCadence: 'PT0S' }),
      [`W billing_cadence_invalid_value ${inCard}.billingCadence`],
    ],
    [
      'cadence out of step',
      card({ billingCadence: 'P1W' }),
      [`W rate_card_billing_cadence_unaligned ${inCardOfPlan}.billingCadence`],
    ],
    ['free card out of step', card({ billingCadence: 'P1W', price: null }), []],
    ['one-time fee', card({ billingCadence: null }), []],
    ['yearly card in a monthly plan', card({ billingCadence: 'P1Y' }), []],
    [
      'entitlement without a feature',
      card({ entitlementTemplate: { type: 'boolean' } }),
      [`W entitlement_template_with_no_feature ${inCard}.featureKey`],
    ],
    [
      'priority without an amount',
      card({ entitlementTemplate: { type: 'metered', issueAfterResetPriority: 5 } }),
      [
        `W entitlement_template_with_no_feature ${inCard}.featureKey`,
        `W entitlement_template_invalid_issue_after_reset_with_priority ${inCard}.entitlementTemplate.issueAfterResetPriority`,
      ],
    ],
    [
      'short usage period',
      card({ entitlementTemplate: { type: 'metered', usagePeriod: 'PT1M' } }),
      [
        `W entitlement_template_with_no_feature ${inCard}.featureKey`,
        `W entitlement_template_usage_period_less_then_an_hour ${inCard}.entitlementTemplate.usagePeriod`,
      ],
    ],
    [
      'negative usage period',
      card({ entitlementTemplate: { type: 'metered', usagePeriod: '-P1D' } }),
      [
        `W entitlement_template_with_no_feature ${inCard}.featureKey`,
        `W entitlement_template_negative_usage_period ${inCard}.entitlementTemplate.usagePeriod`,
      ],
    ],
    [
      'static config that is no JSON',
      card({ entitlementTemplate: { type: 'static', config: '{' } }),
      [
        `W entitlement_template_with_no_feature ${inCard}.featureKey`,
        `C entitlement_template_invalid_json_config ${inCard}.entitlementTemplate.config`,
      ],
    ],
  ])('%s', (_what, content, expected) => {
    expect(issuesOf(content)).toEqual(expected);
  });

  it.each([
    ['P1W', true],
    ['P2W', true],
    ['P4W', true],
    ['P1M', true],
    ['P3M', true],
    ['P6M', true],
    ['P12M', true],
    ['P1Y', true],
    ['P1D', false],
    ['P2M', false],
    ['P30D', false],
    ['P7D', false],
  ])('billing cadence %s: %s', (text, taken) => {
    const codes = issuesOf({ billingCadence: duration(text), ...card({ billingCadence: null }) });
    expect(codes).toEqual(taken ? [] : ['C plan_billing_cadence_invalid $.billingCadence']);
  });
});

describe('checkPlan', () => {
  const at = instant('2025-01-01T00:00:00Z');
  const plan = {
    ...buildContent(),
    id: 'x',
    namespace: 'n',
    key: 'pro',
    version: 1,
    createdAt: at,
    updatedAt: at,
  };
  const codes = (rest: object): string[] =>
    checkPlan({ ...plan, ...rest }, featuresOf()).map(({ code }) => code);

  it('looks at the effective period too', () => {
    expect(codes({})).toEqual([]);
    expect(codes({ effectiveTo: at })).toEqual(['effective_period_from_not_set']);
    expect(codes({ effectiveFrom: at, effectiveTo: at.subtract({ hours: 1 }) })).toEqual([
      'effective_period_from_after_to',
    ]);
    expect(codes({ key: '' })).toEqual(['resource_key_empty']);
  });
});
