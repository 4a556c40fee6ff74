import { describe, expect, it } from '@jest/globals';
import { decimal, instant } from '@ledgerline/kernel';
import { decideCreateRule, decideUpdateRule, deleteRule, type RuleFacts } from './decide-rule.js';
import type { RuleDraft } from './rule.js';

const now = instant('2025-01-01T00:00:00Z');
const later = instant('2025-01-02T00:00:00Z');
const draft: RuleDraft = {
  type: 'entitlements.balance.threshold',
  name: 'r',
  disabled: false,
  channelIds: ['a'],
  thresholds: [{ type: 'usage_value', value: decimal(1) }],
};
const facts: RuleFacts = {
  now,
  knownChannelIds: ['a', 'b', 'c', 'd', 'e', 'f'],
  rulesOfChannel: new Map([['f', 10]]),
  unknownFeatures: [],
};
const create = (changed: Partial<RuleDraft>, more: Partial<RuleFacts> = {}) =>
  decideCreateRule({ ...draft, ...changed }, { ...facts, ...more, id: 'r', namespace: 'n' });
const codeOf = (changed: Partial<RuleDraft>, more: Partial<RuleFacts> = {}) =>
  create(changed, more).refused?.issues?.[0]?.code;
function created(changed: Partial<RuleDraft> = {}) {
  const decision = create(changed);
  if (decision.refused !== undefined) throw new Error(decision.refused.detail);
  return decision.accepted;
}

describe('a rule', () => {
  it.each([
    ['a channel that is not there', { channelIds: ['a', 'x'] }, 'rule_channels_invalid'],
    ['a channel twice', { channelIds: ['a', 'a'] }, 'rule_channels_invalid'],
    ['six channels', { channelIds: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'rule_channels_invalid'],
    ['a channel of ten rules', { channelIds: ['f'] }, 'rule_channels_invalid'],
    ['a feature twice', { features: ['x', 'x'] }, 'rule_features_invalid'],
    ['a usage of 0', { thresholds: [{ type: 'PERCENT', value: decimal(0) }] }, 'rule_threshold_invalid'],
    [
      'a negative balance',
      { thresholds: [{ type: 'balance_value', value: decimal(-1) }] },
      'rule_threshold_invalid',
    ],
  ] as const)('is refused with %s', (_, changed, code) => {
    expect(codeOf(changed)).toBe(code);
  });

  it('is refused with features that are not there, naming them', () => {
    const { refused } = create({ features: ['x', 'y'] }, { unknownFeatures: ['y'] });
    expect(refused?.detail).toBe('$.features: features not found: y');
  });

  it('may wait for a balance of 0', () => {
    expect(codeOf({ thresholds: [{ type: 'balance_value', value: decimal(0) }] })).toBeUndefined();
  });

  it('is awake since it was switched on', () => {
    const rule = created();
    expect(rule.awakeSince).toEqual(now);
    const at = { ...facts, now: later };
    const renamed = decideUpdateRule(rule, { ...draft, name: 's' }, at);
    expect(renamed).toMatchObject({ accepted: { name: 's', awakeSince: now } });
    const asleep = decideUpdateRule(rule, { ...draft, disabled: true }, at);
    expect(asleep).toMatchObject({ accepted: { awakeSince: undefined } });
    expect(decideUpdateRule(created({ disabled: true }), draft, at)).toMatchObject({
      accepted: { awakeSince: later },
    });
  });

  it('keeps its type, and is not changed once it is deleted', () => {
    const other = decideUpdateRule(created(), { ...draft, type: 'entitlements.reset' }, facts);
    expect(other.refused?.issues?.[0]?.code).toBe('rule_type_immutable');
    const deleted = deleteRule(created(), later);
    expect(deleted).toMatchObject({ disabled: true, deletedAt: later, awakeSince: undefined });
    expect(deleteRule(deleted, now)).toBe(deleted);
    expect(decideUpdateRule(deleted, draft, facts).refused).toMatchObject({ kind: 'conflict' });
  });
});
