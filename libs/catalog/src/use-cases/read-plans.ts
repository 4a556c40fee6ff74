import {
  type Clock,
  type Db,
  type Instant,
  invariant,
  isUlid,
  Refused,
  type UnitOfWork,
} from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { planNotFound } from '../core/decide-plan.js';
import type { Plan } from '../core/plan.js';
import type { FeatureStore, PlanListQuery, PlanStore } from '../core/ports.js';
import { FEATURES, PLANS } from '../tokens.js';
import { type CheckedPlan, checkPlans } from './set-up-features.js';

export interface CheckedPlanPage {
  readonly items: readonly CheckedPlan[];
  readonly totalCount: number;
}

/** Plan versions by id, by key or as a list. */
export class ReadPlans {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PLANS) private readonly plans: PlanStore,
    @Inject(FEATURES) private readonly features: FeatureStore,
  ) {}

  /** By id any version, deleted ones too; by key the active one, or the latest when asked for. */
  async get(namespace: string, idOrKey: string, includeLatest: boolean): Promise<CheckedPlan> {
    const db = this.unitOfWork.reader(namespace);
    const now = this.clock.now();
    const byId = isUlid(idOrKey) ? await this.plans.find(db, idOrKey) : undefined;
    const plan = byId ?? (await this.findByKey(db, idOrKey, includeLatest ? undefined : now));
    if (plan === undefined) throw new Refused(planNotFound(idOrKey));
    const [checked] = await checkPlans(db, [plan], { features: this.features, now });
    invariant(checked !== undefined, 'a plan went into the check and none came out');
    return checked;
  }

  async list(namespace: string, query: Omit<PlanListQuery, 'now'>): Promise<CheckedPlanPage> {
    const db = this.unitOfWork.reader(namespace);
    const now = this.clock.now();
    const { items, totalCount } = await this.plans.list(db, { ...query, now });
    return { items: await checkPlans(db, items, { features: this.features, now }), totalCount };
  }

  private findByKey(db: Db, key: string, activeAt: Instant | undefined): Promise<Plan | undefined> {
    return activeAt === undefined ? this.plans.findLatest(db, key) : this.plans.findActive(db, key, activeAt);
  }
}
