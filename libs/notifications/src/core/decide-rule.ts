import type { Threshold } from '@ledgerline/credits/core';
import { type Decision, type Instant, refusal, type Refusal, ZERO } from '@ledgerline/kernel';
import type { Rule, RuleDraft } from './rule.js';

export const channelsPerRuleMax = 5;
export const rulesPerChannelMax = 10;
// Each is looked up when the rule is written and when it is shown.
const featuresPerRuleMax = 200;

export interface RuleFacts {
  readonly now: Instant;
  /** Of the channels that the draft names: those that exist and live. */
  readonly knownChannelIds: readonly string[];
  /** How many other live rules name each of these channels. */
  readonly rulesOfChannel: ReadonlyMap<string, number>;
  /** Of the features that the draft names, those that no live feature has as id or key. */
  readonly unknownFeatures: readonly string[];
}

export const ruleNotFound = (id: string): Refusal =>
  refusal.notFound(`not found error: rule ${id} not found`);

export function decideCreateRule(
  draft: RuleDraft,
  facts: RuleFacts & { readonly id: string; readonly namespace: string },
): Decision<Rule> {
  const refused = refuseDraft(draft, facts);
  if (refused !== undefined) return { refused };
  const { id, namespace, now } = facts;
  const awakeSince = draft.disabled ? undefined : now;
  return { accepted: { ...draft, id, namespace, awakeSince, createdAt: now, updatedAt: now } };
}

export function decideUpdateRule(rule: Rule, draft: RuleDraft, facts: RuleFacts): Decision<Rule> {
  if (rule.deletedAt !== undefined)
    return { refused: refusal.conflict(`conflict error: rule ${rule.id} is deleted`) };
  if (draft.type !== rule.type) {
    const message = `cannot change: the rule is of type ${rule.type}`;
    return { refused: refusal.invalidField('$.type', 'rule_type_immutable', message) };
  }
  const refused = refuseDraft(draft, facts);
  if (refused !== undefined) return { refused };
  const { id, namespace, createdAt } = rule;
  const awakeSince = draft.disabled ? undefined : (rule.awakeSince ?? facts.now);
  return { accepted: { ...draft, id, namespace, awakeSince, createdAt, updatedAt: facts.now } };
}

export const deleteRule = (rule: Rule, now: Instant): Rule =>
  rule.deletedAt === undefined
    ? { ...rule, disabled: true, awakeSince: undefined, deletedAt: now, updatedAt: now }
    : rule;

const refuseDraft = (draft: RuleDraft, facts: RuleFacts): Refusal | undefined =>
  refuseChannels(draft, facts) ?? refuseFeatures(draft, facts) ?? refuseThresholds(draft.thresholds ?? []);

function refuseChannels(
  { channelIds }: RuleDraft,
  { knownChannelIds, rulesOfChannel }: RuleFacts,
): Refusal | undefined {
  const bad = (message: string): Refusal =>
    refusal.invalidField('$.channels', 'rule_channels_invalid', message);
  if (new Set(channelIds).size !== channelIds.length) return bad('must not name a channel twice');
  if (channelIds.length > channelsPerRuleMax) return bad(`must be at most ${channelsPerRuleMax}`);
  const missing = channelIds.filter((id) => !knownChannelIds.includes(id));
  if (missing.length > 0) return bad(`channels not found: ${missing.join(', ')}`);
  const full = channelIds.filter((id) => (rulesOfChannel.get(id) ?? 0) >= rulesPerChannelMax);
  return full.length > 0
    ? bad(`a channel can have at most ${rulesPerChannelMax} rules: ${full.join(', ')}`)
    : undefined;
}

function refuseFeatures({ features = [] }: RuleDraft, { unknownFeatures }: RuleFacts): Refusal | undefined {
  const bad = (message: string): Refusal =>
    refusal.invalidField('$.features', 'rule_features_invalid', message);
  if (features.length > featuresPerRuleMax) return bad(`must be at most ${featuresPerRuleMax}`);
  if (new Set(features).size !== features.length) return bad('must not name a feature twice');
  return unknownFeatures.length > 0 ? bad(`features not found: ${unknownFeatures.join(', ')}`) : undefined;
}

function refuseThresholds(thresholds: readonly Threshold[]): Refusal | undefined {
  for (const [index, { type, value }] of thresholds.entries()) {
    const isAllowed = type === 'balance_value' ? value.greaterThanOrEqualTo(ZERO) : value.greaterThan(ZERO);
    if (!isAllowed) {
      const least = type === 'balance_value' ? 'must not be negative' : 'must be greater than 0';
      return refusal.invalidField(`$.thresholds[${index}].value`, 'rule_threshold_invalid', least);
    }
  }
  return undefined;
}
