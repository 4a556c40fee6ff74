import {
  isBillable,
  type Metadata,
  type PlanContent,
  type ProRating,
  type RateCard,
} from '@ledgerline/catalog/core';
import type { Decision, Duration, Instant } from '@ledgerline/kernel';
import { refusal } from '@ledgerline/kernel';
import { addDurations, noDuration } from './add-durations.js';

/** One version of an item as it is wanted. Offsets count from the phase's start; absent: as long as the phase. */
export interface ItemSpec {
  readonly key: string;
  readonly rateCard: RateCard;
  readonly activeFromOffset?: Duration | undefined;
  readonly activeToOffset?: Duration | undefined;
}

export interface PhaseSpec {
  readonly key: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  /** From the subscription's start. */
  readonly startAfter: Duration;
  /** Orders phases that start together. */
  readonly sortHint: number;
  /** Versions of one key stand in their order. */
  readonly items: readonly ItemSpec[];
}

/** The wanted shape of a subscription: what was agreed, in durations. Everything else follows from it. */
export interface SubscriptionSpec {
  readonly customerId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly currency: string;
  readonly billingCadence: Duration;
  readonly billingAnchor: Instant;
  readonly proRating: ProRating;
  readonly plan?: { readonly id: string; readonly key: string; readonly version: number } | undefined;
  readonly activeFrom: Instant;
  readonly activeTo?: Instant | undefined;
  readonly phases: readonly PhaseSpec[];
}

/** What the subscriber says besides the plan. */
export interface SubscriptionTerms {
  readonly customerId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly plan?: SubscriptionSpec['plan'];
  readonly activeFrom: Instant;
  readonly billingAnchor: Instant;
  /** Phases before it are passed over: they start and end with the subscription's start. */
  readonly startingPhase?: string | undefined;
}

/** Copies a plan's content: what becomes of the plan later does not touch the subscription. */
export function specFromPlan(content: PlanContent, terms: SubscriptionTerms): Decision<SubscriptionSpec> {
  const { startingPhase, ...rest } = terms;
  const start =
    startingPhase === undefined ? 0 : content.phases.findIndex(({ key }) => key === startingPhase);
  if (start === -1) {
    const message = `the plan has no phase ${JSON.stringify(startingPhase)}`;
    return { refused: refusal.invalidField('$.startingPhase', 'starting_phase_unknown', message) };
  }
  let startAfter = noDuration;
  const phases = content.phases.map((phase, index): PhaseSpec => {
    const spec: PhaseSpec = {
      key: phase.key,
      name: phase.name,
      description: phase.description,
      metadata: phase.metadata,
      startAfter,
      sortHint: index,
      items: phase.rateCards.map((rateCard) => ({ key: rateCard.key, rateCard })),
    };
    if (index >= start) startAfter = addDurations(startAfter, phase.duration ?? noDuration);
    return spec;
  });
  const { currency, billingCadence, proRating } = content;
  return { accepted: { ...rest, currency, billingCadence, proRating, phases } };
}

/** Whether anything in it can put a line on an invoice. */
export const hasBillables = (spec: Pick<SubscriptionSpec, 'phases'>): boolean =>
  spec.phases.some(({ items }) => items.some(({ rateCard }) => isBillable(rateCard)));
