import type { components, OpRequest } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import { equalsOf, type FeatureDraft } from '../core/decide-feature.js';
import type { PlanChange } from '../core/decide-plan.js';
import type { Feature } from '../core/feature.js';
import { byKey, type Issue } from '../core/issue.js';
import type { Phase, PlanContent } from '../core/plan.js';
import { durationFromJson, rateCardFromJson, rateCardToJson } from '../core/rate-card-json.js';
import type { CheckedPlan } from '../use-cases/set-up-features.js';

type Schemas = components['schemas'];

/** `unitCost` is accepted and left for later, as upstream does. */
export const featureFromApi = (body: Schemas['FeatureCreateInputs']): FeatureDraft => ({
  key: body.key,
  name: body.name,
  metadata: body.metadata,
  meterSlug: body.meterSlug,
  equals: body.meterGroupByFilters,
  filters: body.advancedMeterGroupByFilters,
});

export function featureToApi(feature: Feature): Schemas['Feature'] {
  const { filters } = feature;
  const equals = filters === undefined ? undefined : equalsOf(filters);
  return {
    id: feature.id,
    key: feature.key,
    name: feature.name,
    ...(feature.metadata === undefined ? {} : { metadata: feature.metadata }),
    ...(feature.meterSlug === undefined ? {} : { meterSlug: feature.meterSlug }),
    ...(filters === undefined
      ? {}
      : {
          advancedMeterGroupByFilters: filters as Schemas['Feature']['advancedMeterGroupByFilters'] & object,
        }),
    ...(equals === undefined ? {} : { meterGroupByFilters: equals }),
    createdAt: toRfc3339(feature.createdAt),
    updatedAt: toRfc3339(feature.updatedAt),
    ...(feature.archivedAt === undefined ? {} : { archivedAt: toRfc3339(feature.archivedAt) }),
  };
}

/** A body with phases: of a plan, or of a subscription's own plan. `root` is where it stands in the request. */
export function planContentFromApi(body: Schemas['CustomPlanInput'], root = '$'): PlanContent {
  return {
    name: body.name,
    description: body.description,
    metadata: body.metadata ?? undefined,
    currency: body.currency,
    billingCadence: durationFromJson(body.billingCadence, `${root}.billingCadence`),
    proRating: body.proRatingConfig,
    phases: phasesFromApi(body.phases, root),
  };
}

const phasesFromApi = (phases: readonly Schemas['PlanPhase'][], root: string): readonly Phase[] =>
  phases.map((phase) => {
    const field = `${root}.${byKey('phases', phase.key)}`;
    return {
      key: phase.key,
      name: phase.name,
      description: phase.description,
      metadata: phase.metadata ?? undefined,
      duration: phase.duration === null ? undefined : durationFromJson(phase.duration, `${field}.duration`),
      rateCards: phase.rateCards.map((card) =>
        rateCardFromJson(card, `${field}.${byKey('ratecards', card.key)}`),
      ),
    };
  });

export const planChangeFromApi = (body: Schemas['PlanReplaceUpdate']): PlanChange => ({
  name: body.name,
  description: body.description,
  metadata: body.metadata ?? undefined,
  billingCadence: durationFromJson(body.billingCadence, '$.billingCadence'),
  proRating: body.proRatingConfig,
  phases: phasesFromApi(body.phases, '$'),
});

export const planToApi = ({ plan, status, issues }: CheckedPlan): Schemas['Plan'] => ({
  id: plan.id,
  key: plan.key,
  version: plan.version,
  name: plan.name,
  ...(plan.description === undefined ? {} : { description: plan.description }),
  ...(plan.metadata === undefined ? {} : { metadata: plan.metadata }),
  alignment: { billablesMustAlign: true },
  currency: plan.currency,
  billingCadence: plan.billingCadence.toString(),
  proRatingConfig: plan.proRating,
  status,
  phases: plan.phases.map(phaseToApi),
  ...(plan.effectiveFrom === undefined ? {} : { effectiveFrom: toRfc3339(plan.effectiveFrom) }),
  ...(plan.effectiveTo === undefined ? {} : { effectiveTo: toRfc3339(plan.effectiveTo) }),
  createdAt: toRfc3339(plan.createdAt),
  updatedAt: toRfc3339(plan.updatedAt),
  ...(plan.deletedAt === undefined ? {} : { deletedAt: toRfc3339(plan.deletedAt) }),
  validationErrors: issues.length === 0 ? null : issues.map(issueToApi),
});

const phaseToApi = (phase: Phase): Schemas['PlanPhase'] => ({
  key: phase.key,
  name: phase.name,
  ...(phase.description === undefined ? {} : { description: phase.description }),
  ...(phase.metadata === undefined ? {} : { metadata: phase.metadata }),
  duration: phase.duration?.toString() ?? null,
  rateCards: phase.rateCards.map(rateCardToJson),
});

const issueToApi = ({ field, code, message, attributes }: Issue): Schemas['ValidationError'] => ({
  field,
  code,
  message,
  ...(attributes === undefined ? {} : { attributes }),
});

type FeatureQuery = OpRequest<'listFeatures'>['query'];

/** Without page and pageSize the list is a bare array, cut by limit and offset. */
export function featureListFromApi(query: FeatureQuery) {
  const isPaged = query.page !== undefined || query.pageSize !== undefined;
  const { page = 1, pageSize = 100 } = query;
  return {
    paging: isPaged ? { page, pageSize } : undefined,
    query: {
      meterSlugs: query.meterSlug,
      includeArchived: query.includeArchived,
      orderBy: query.orderBy ?? 'key',
      descending: query.order === 'DESC',
      ...(isPaged
        ? { limit: pageSize, offset: (page - 1) * pageSize }
        : { limit: query.limit, offset: query.offset }),
    },
  } as const;
}

export const planListFromApi = (query: OpRequest<'listPlans'>['query']) => ({
  ids: query.id,
  keys: query.key,
  keyVersions: query.keyVersion,
  currencies: query.currency,
  statuses: query.status,
  includeDeleted: query.includeDeleted,
  orderBy: query.orderBy ?? 'id',
  descending: query.order === 'DESC',
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});
