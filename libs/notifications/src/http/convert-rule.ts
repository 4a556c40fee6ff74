import type { components, OpRequest } from '@ledgerline/contract';
import { decimal, toRfc3339 } from '@ledgerline/kernel';
import type { RuleListQuery } from '../core/ports.js';
import type { RuleDraft } from '../core/rule.js';
import type { ShownRule } from '../use-cases/read-rules.js';
import { pagingFromApi } from './paging.js';

type Schemas = components['schemas'];

export const ruleFromApi = (body: Schemas['NotificationRuleCreateRequest']): RuleDraft => ({
  type: body.type,
  name: body.name,
  disabled: body.disabled,
  channelIds: body.channels,
  metadata: body.metadata ?? undefined,
  ...('features' in body && body.features !== undefined ? { features: body.features } : {}),
  ...(body.type === 'entitlements.balance.threshold'
    ? { thresholds: body.thresholds.map(({ type, value }) => ({ type, value: decimal(value) })) }
    : {}),
});

export function ruleToApi(shown: ShownRule): Schemas['NotificationRule'] {
  const { rule } = shown;
  const base = {
    id: rule.id,
    name: rule.name,
    disabled: rule.disabled,
    channels: rule.channelIds.map((id) => ({ id, type: 'WEBHOOK' as const })),
    ...(rule.metadata === undefined ? {} : { metadata: { ...rule.metadata } }),
    createdAt: toRfc3339(rule.createdAt),
    updatedAt: toRfc3339(rule.updatedAt),
    ...(rule.deletedAt === undefined ? {} : { deletedAt: toRfc3339(rule.deletedAt) }),
  };
  switch (rule.type) {
    case 'invoice.created':
      return { ...base, type: rule.type };
    case 'invoice.updated':
      return { ...base, type: rule.type };
    case 'entitlements.reset':
      return { ...base, type: rule.type, ...featuresToApi(shown) };
    case 'entitlements.balance.threshold':
      return { ...base, type: rule.type, ...featuresToApi(shown), thresholds: thresholdsToApi(shown) };
  }
}

/** A feature that was archived since and was named by its key is shown by that name alone. */
const featuresToApi = ({ rule, features }: ShownRule): { features?: Schemas['FeatureMeta'][] } =>
  rule.features === undefined
    ? {}
    : {
        features: rule.features.map((name) => {
          const feature = features.get(name);
          return { id: feature?.id ?? name, key: feature?.key ?? name };
        }),
      };

const thresholdsToApi = ({ rule }: ShownRule): Schemas['NotificationRuleBalanceThresholdValue'][] =>
  (rule.thresholds ?? []).map(({ type, value }) => ({ type, value: value.toNumber() }));

export const ruleListFromApi = (query: OpRequest<'listNotificationRules'>['query']): RuleListQuery => ({
  includeDeleted: query.includeDeleted,
  includeDisabled: query.includeDisabled,
  features: query.feature,
  channelIds: query.channel,
  orderBy: query.orderBy ?? 'id',
  ...pagingFromApi(query),
});
