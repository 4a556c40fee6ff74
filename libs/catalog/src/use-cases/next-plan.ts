import type { RequestContext } from '@ledgerline/contract';
import { acceptedOrThrow, isUlid, newId, Refused, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { decideCreatePlan, planNotFound } from '../core/decide-plan.js';
import type { Plan } from '../core/plan.js';
import type { FeatureStore, PlanStore } from '../core/ports.js';
import { FEATURES, PLANS } from '../tokens.js';
import { planFact } from './catalog-facts.js';
import { scopeOf } from './scope.js';
import { type CheckedPlan, checkedAt, holdFeaturesByKey } from './set-up-features.js';

/** Copies a version, given by id, or the latest one of a key into a new draft. */
export class NextPlan {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  run(context: RequestContext, idOrKey: string): Promise<CheckedPlan> {
    return this.unitOfWork.run(scopeOf(context), async (tx) => {
      const source = await this.findSource(tx, idOrKey);
      if (source === undefined || source.deletedAt !== undefined) throw new Refused(planNotFound(idOrKey));
      const version = (await this.plans.lockKey(tx, source.key)) + 1;
      const hasDraft = (await this.plans.findDraft(tx, source.key)) !== undefined;
      const features = await holdFeaturesByKey(tx, source.phases, this.features);
      const facts = { namespace: tx.namespace, id: newId(), now: tx.at, version, hasDraft, features };
      const plan = acceptedOrThrow(decideCreatePlan(contentOf(source), source.key, facts));
      await this.plans.insert(tx, plan);
      await this.unitOfWork.append(tx, [planFact('PlanCreated', plan)]);
      return checkedAt(plan, tx.at, features);
    });
  }

  private async findSource(tx: Tx, idOrKey: string): Promise<Plan | undefined> {
    const byId = isUlid(idOrKey) ? await this.plans.find(tx, idOrKey) : undefined;
    return byId ?? this.plans.findLatest(tx, idOrKey);
  }
}

// The keys are resolved anew: a feature that was archived meanwhile may have a successor of the same key.
const contentOf = ({ name, description, metadata, currency, billingCadence, proRating, phases }: Plan) => ({
  name,
  description,
  metadata,
  currency,
  billingCadence,
  proRating,
  phases: phases.map((phase) => ({
    ...phase,
    rateCards: phase.rateCards.map((card) => ({ ...card, featureId: undefined })),
  })),
});
