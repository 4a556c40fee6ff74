import type { components, OpRequest } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { PlanChange } from '../core/decide-plan.js';
import { byKey, type Issue } from '../core/issue.js';
import type { Phase, PlanContent } from '../core/plan.js';
import { durationFromJson, rateCardFromJson, rateCardToJson } from '../core/rate-card-json.js';
import type { CheckedPlan } from '../use-cases/set-up-features.js';

type Schemas = components['schemas'];

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
