import { type Decision, type Instant, refusal, type Refusal } from '@ledgerline/kernel';
import { checkPlan, checkPlanContent, type FeaturesByReference, hasCritical } from './check-plan.js';
import type { Issue } from './issue.js';
import type { Phase, Plan, PlanContent } from './plan.js';
import { type PlanStatus, planStatusAt } from './plan-status.js';

export const planNotFound = (idOrKey: string): Refusal => refusal.notFound(`plan not found: ${idOrKey}`);

const invalidPlan = (issues: readonly Issue[]): Refusal => refusal.invalid('invalid plan', { issues });
const wrongStatus = (verb: string, needed: string, status: PlanStatus): Refusal =>
  refusal.invalid(`only ${needed} plans can be ${verb}, but the plan is ${status}`);

/** Rate cards remember which feature their key meant when they were written. */
export const withFeatureIds = (
  phases: readonly Phase[],
  { liveByKey }: FeaturesByReference,
): readonly Phase[] =>
  phases.map((phase) => ({
    ...phase,
    rateCards: phase.rateCards.map((card) => ({
      ...card,
      featureId: card.featureKey === undefined ? undefined : liveByKey.get(card.featureKey)?.id,
    })),
  }));

export interface NewPlanFacts {
  readonly namespace: string;
  readonly id: string;
  readonly now: Instant;
  readonly version: number;
  /** Whether a version of the key is a draft that is not deleted. */
  readonly hasDraft: boolean;
  readonly features: FeaturesByReference;
}

/** The key's next version, as a draft. Warnings are allowed in it. */
export function decideCreatePlan(content: PlanContent, key: string, facts: NewPlanFacts): Decision<Plan> {
  if (facts.hasDraft) {
    return {
      refused: refusal.invalid(`the plan ${key} has a draft version already; change or publish that`),
    };
  }
  const issues = checkPlanContent(content, facts.features);
  if (hasCritical(issues)) return { refused: invalidPlan(issues) };
  return {
    accepted: {
      ...content,
      phases: withFeatureIds(content.phases, facts.features),
      id: facts.id,
      namespace: facts.namespace,
      key,
      version: facts.version,
      createdAt: facts.now,
      updatedAt: facts.now,
    },
  };
}

/** Absent description and metadata stay as they are; the rest is replaced. */
export type PlanChange = Pick<PlanContent, 'name' | 'billingCadence' | 'proRating' | 'phases'> &
  Partial<Pick<PlanContent, 'description' | 'metadata'>>;

export function decideUpdatePlan(
  plan: Plan,
  change: PlanChange,
  facts: { readonly now: Instant; readonly features: FeaturesByReference },
): Decision<Plan> {
  const status = planStatusAt(plan, facts.now);
  if (plan.deletedAt !== undefined) return { refused: planNotFound(plan.id) };
  if (status !== 'draft' && status !== 'scheduled') {
    return { refused: wrongStatus('updated', 'draft and scheduled', status) };
  }
  const changed: Plan = {
    ...plan,
    name: change.name,
    description: change.description ?? plan.description,
    metadata: change.metadata ?? plan.metadata,
    billingCadence: change.billingCadence,
    proRating: change.proRating,
    phases: change.phases,
    updatedAt: facts.now,
  };
  const issues = checkPlanContent(changed, facts.features);
  return hasCritical(issues)
    ? { refused: invalidPlan(issues) }
    : { accepted: { ...changed, phases: withFeatureIds(changed.phases, facts.features) } };
}

/** Undefined as accepted outcome: it was deleted already. */
export function decideDeletePlan(plan: Plan, now: Instant): Decision<Plan | undefined> {
  if (plan.deletedAt !== undefined) return { accepted: undefined };
  const status = planStatusAt(plan, now);
  return status === 'active'
    ? { refused: wrongStatus('deleted', 'draft, scheduled and archived', status) }
    : { accepted: { ...plan, deletedAt: now, updatedAt: now } };
}

export interface Publication {
  readonly published: Plan;
  /** The version that was active until now. */
  readonly archived?: Plan | undefined;
}

/** The new version takes over at once; nothing may be wrong with it, not even a warning. */
export function decidePublishPlan(
  plan: Plan,
  facts: {
    readonly now: Instant;
    readonly active: Plan | undefined;
    readonly features: FeaturesByReference;
  },
): Decision<Publication> {
  const { now, active } = facts;
  if (plan.deletedAt !== undefined) return { refused: planNotFound(plan.id) };
  const status = planStatusAt(plan, now);
  if (status !== 'draft' && status !== 'scheduled') {
    return { refused: wrongStatus('published', 'draft and scheduled', status) };
  }
  const issues = checkPlan(plan, facts.features);
  if (issues.length > 0) return { refused: invalidPlan(issues) };
  return {
    accepted: {
      published: { ...plan, effectiveFrom: now, effectiveTo: undefined, updatedAt: now },
      archived: active === undefined ? undefined : { ...active, effectiveTo: now, updatedAt: now },
    },
  };
}

export function decideArchivePlan(plan: Plan, now: Instant): Decision<Plan> {
  if (plan.deletedAt !== undefined) return { refused: planNotFound(plan.id) };
  const status = planStatusAt(plan, now);
  return status === 'active'
    ? { accepted: { ...plan, effectiveTo: now, updatedAt: now } }
    : { refused: wrongStatus('archived', 'active', status) };
}
