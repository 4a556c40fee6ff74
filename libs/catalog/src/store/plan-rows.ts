import { Refused, InvariantViolation } from '@ledgerline/kernel';
import { instantFromDb, instantToDb } from '@ledgerline/platform/postgres';
import type { Phase, Plan, ProRating } from '../core/plan.js';
import {
  durationFromJson,
  type RateCardJson,
  rateCardFromJson,
  storedRateCard,
} from '../core/rate-card-json.js';
import type { Metadata } from '../core/rate-card.js';

/** A row of `plans`, as pg delivers it. */
export interface PlanRow {
  readonly namespace: string;
  readonly id: string;
  readonly key: string;
  readonly version: number;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Metadata | null;
  readonly currency: string;
  readonly billing_cadence: string;
  readonly pro_rating: ProRating;
  readonly phases: readonly StoredPhase[];
  readonly effective_from: Date | null;
  readonly effective_to: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

interface StoredPhase {
  readonly key: string;
  readonly name: string;
  readonly description?: string;
  readonly metadata?: Metadata;
  readonly duration?: string;
  readonly rateCards: readonly RateCardJson[];
}

export function planFromDb(row: PlanRow): Plan {
  try {
    return readPlan(row);
  } catch (error) {
    // What was checked on write cannot be refused on read: the row was written by something else.
    if (error instanceof Refused) throw new InvariantViolation(`plan ${row.id}: ${error.refusal.detail}`);
    throw error;
  }
}

const readPlan = (row: PlanRow): Plan => ({
  id: row.id,
  namespace: row.namespace,
  key: row.key,
  version: row.version,
  name: row.name,
  description: row.description ?? undefined,
  metadata: row.metadata ?? undefined,
  currency: row.currency,
  billingCadence: durationFromJson(row.billing_cadence, '$.billingCadence'),
  proRating: row.pro_rating,
  phases: row.phases.map(phaseFromDb),
  effectiveFrom: row.effective_from === null ? undefined : instantFromDb(row.effective_from),
  effectiveTo: row.effective_to === null ? undefined : instantFromDb(row.effective_to),
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: row.deleted_at === null ? undefined : instantFromDb(row.deleted_at),
});

const phaseFromDb = (stored: StoredPhase): Phase => ({
  key: stored.key,
  name: stored.name,
  description: stored.description,
  metadata: stored.metadata,
  duration: stored.duration === undefined ? undefined : durationFromJson(stored.duration, '$.duration'),
  rateCards: stored.rateCards.map((card) => rateCardFromJson(card, `$.${card.key}`)),
});

const phaseToDb = (phase: Phase): StoredPhase => ({
  key: phase.key,
  name: phase.name,
  ...(phase.description === undefined ? {} : { description: phase.description }),
  ...(phase.metadata === undefined ? {} : { metadata: phase.metadata }),
  ...(phase.duration === undefined ? {} : { duration: phase.duration.toString() }),
  rateCards: phase.rateCards.map(storedRateCard),
});

export const planColumns = `namespace, id, key, version, name, description, metadata, currency, billing_cadence, pro_rating,
  phases, feature_ids, effective_from, effective_to, created_at, updated_at, deleted_at`;

/** In the order of `planColumns`. */
export const planToDb = (plan: Plan): readonly unknown[] => [
  plan.namespace,
  plan.id,
  plan.key,
  plan.version,
  plan.name,
  plan.description ?? null,
  plan.metadata === undefined ? null : JSON.stringify(plan.metadata),
  plan.currency,
  plan.billingCadence.toString(),
  JSON.stringify(plan.proRating),
  JSON.stringify(plan.phases.map(phaseToDb)),
  featureIdsOf(plan),
  plan.effectiveFrom === undefined ? null : instantToDb(plan.effectiveFrom),
  plan.effectiveTo === undefined ? null : instantToDb(plan.effectiveTo),
  instantToDb(plan.createdAt),
  instantToDb(plan.updatedAt),
  plan.deletedAt === undefined ? null : instantToDb(plan.deletedAt),
];

const featureIdsOf = (plan: Plan): readonly string[] => [
  ...new Set(
    plan.phases.flatMap(({ rateCards }) =>
      rateCards.flatMap(({ featureId }) => (featureId === undefined ? [] : [featureId])),
    ),
  ),
];
