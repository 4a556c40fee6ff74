import type { Duration } from '@ledgerline/kernel';
import { areCadencesAligned, isNotPositive, isShorterThanAnHour } from './cadence.js';
import { checkDiscounts, checkPrice } from './check-price.js';
import { critical, type Issue, warning } from './issue.js';
import type { EntitlementTemplate, RateCard } from './rate-card.js';

/** What is wrong with a rate card by itself. `field` is its JSONPath. */
export function checkRateCard(card: RateCard, field: string): readonly Issue[] {
  const issues: Issue[] = [];
  if (card.key === '') issues.push(critical('resource_key_empty', `${field}.key`, 'must not be empty'));
  if (card.name === '') issues.push(critical('resource_name_empty', `${field}.name`, 'must not be empty'));
  if (card.featureKey !== undefined && card.featureKey !== card.key) {
    issues.push(
      critical(
        'rate_card_key_feature_key_mismatch',
        `${field}.featureKey`,
        'the key of the rate card must be the key of its feature',
      ),
    );
  }
  if (card.price !== undefined) issues.push(...checkPrice(card.price, `${field}.price`));
  if (card.discounts !== undefined) {
    issues.push(...checkDiscounts(card.discounts, card.price, `${field}.discounts`));
  }
  if (card.billingCadence !== undefined && isShorterThanAnHour(card.billingCadence)) {
    issues.push(
      warning('billing_cadence_invalid_value', `${field}.billingCadence`, 'must be one hour or longer'),
    );
  }
  if (card.entitlementTemplate !== undefined) {
    if (card.featureKey === undefined) {
      const message = 'an entitlement template needs a feature';
      issues.push(warning('entitlement_template_with_no_feature', `${field}.featureKey`, message));
    }
    issues.push(...checkTemplate(card.entitlementTemplate, `${field}.entitlementTemplate`));
  }
  return issues;
}

function checkTemplate(template: EntitlementTemplate, field: string): readonly Issue[] {
  switch (template.type) {
    case 'boolean':
      return [];
    case 'static':
      return isJsonText(template.config)
        ? []
        : [critical('entitlement_template_invalid_json_config', `${field}.config`, 'must be JSON text')];
    case 'metered': {
      const issues: Issue[] = [];
      if (template.issueAfterResetPriority !== undefined && template.issueAfterReset === undefined) {
        issues.push(
          warning(
            'entitlement_template_invalid_issue_after_reset_with_priority',
            `${field}.issueAfterResetPriority`,
            'a priority needs an amount in issueAfterReset',
          ),
        );
      }
      const at = `${field}.usagePeriod`;
      if (isNotPositive(template.usagePeriod)) {
        issues.push(warning('entitlement_template_negative_usage_period', at, 'must be positive'));
      } else if (isShorterThanAnHour(template.usagePeriod)) {
        const code = 'entitlement_template_usage_period_less_then_an_hour';
        issues.push(warning(code, at, 'must be one hour or longer'));
      }
      return issues;
    }
  }
}

export function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Only what is billed again and again must keep step with the plan. */
export function checkAlignment(card: RateCard, planCadence: Duration, field: string): readonly Issue[] {
  if (card.price === undefined || card.billingCadence === undefined) return [];
  // Reported as an invalid cadence already; nothing is a multiple of it.
  if (isNotPositive(card.billingCadence) || areCadencesAligned(card.billingCadence, planCadence)) return [];
  const message = `${card.billingCadence.toString()} and the plan's ${planCadence.toString()} are not multiples of each other`;
  return [warning('rate_card_billing_cadence_unaligned', `${field}.billingCadence`, message)];
}
