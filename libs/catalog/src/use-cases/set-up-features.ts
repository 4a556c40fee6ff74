import type { Db, Instant, Tx } from '@ledgerline/kernel';
import { checkPlan, type FeaturesByReference } from '../core/check-plan.js';
import type { Feature } from '../core/feature.js';
import type { Issue } from '../core/issue.js';
import type { Phase, Plan } from '../core/plan.js';
import { type PlanStatus, planStatusAt } from '../core/plan-status.js';
import type { FeatureStore } from '../core/ports.js';

const cardsOf = (phases: readonly Phase[]) => phases.flatMap(({ rateCards }) => rateCards);
const distinct = (values: readonly (string | undefined)[]): readonly string[] => [
  ...new Set(values.filter((value) => value !== undefined)),
];

const byReference = (features: readonly Feature[]): FeaturesByReference => ({
  byId: new Map(features.map((feature) => [feature.id, feature])),
  liveByKey: new Map(
    features.filter(({ archivedAt }) => archivedAt === undefined).map((feature) => [feature.key, feature]),
  ),
});

/** The features that new rate cards name by key, held so that none is archived before the plan is written. */
export async function holdFeaturesByKey(
  tx: Tx,
  phases: readonly Phase[],
  features: FeatureStore,
): Promise<FeaturesByReference> {
  const found = await features.findActiveByKeys(
    tx,
    distinct(cardsOf(phases).map(({ featureKey }) => featureKey)),
  );
  return held(tx, distinct(found.map(({ id }) => id)), features);
}

/** The features that stored rate cards mean, held likewise. */
export function holdFeaturesById(
  tx: Tx,
  phases: readonly Phase[],
  features: FeatureStore,
): Promise<FeaturesByReference> {
  return held(tx, distinct(cardsOf(phases).map(({ featureId }) => featureId)), features);
}

async function held(tx: Tx, ids: readonly string[], features: FeatureStore): Promise<FeaturesByReference> {
  await features.hold(tx, ids);
  // Read after the lock: somebody may have archived one while we waited.
  return byReference(await features.findMany(tx, ids));
}

/** A plan as it stands at one instant, with everything that is wrong with it. */
export interface CheckedPlan {
  readonly plan: Plan;
  readonly status: PlanStatus;
  readonly issues: readonly Issue[];
}

/**
 * What was published was right then and is kept so while it is active, so only versions that can still be published are
 * checked.
 */
export function checkedAt(plan: Plan, now: Instant, features: FeaturesByReference): CheckedPlan {
  const status = planStatusAt(plan, now);
  return { plan, status, issues: isOpen(status) ? checkPlan(plan, features) : [] };
}

const isOpen = (status: PlanStatus): boolean => status === 'draft' || status === 'scheduled';

export async function checkPlans(
  db: Db,
  plans: readonly Plan[],
  around: { readonly features: FeatureStore; readonly now: Instant },
): Promise<readonly CheckedPlan[]> {
  const open = plans.filter((plan) => isOpen(planStatusAt(plan, around.now)));
  const ids = distinct(cardsOf(open.flatMap(({ phases }) => phases)).map(({ featureId }) => featureId));
  const features = byReference(await around.features.findMany(db, ids));
  return plans.map((plan) => checkedAt(plan, around.now, features));
}
