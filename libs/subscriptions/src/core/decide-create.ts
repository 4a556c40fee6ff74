import type { Customer } from '@ledgerline/customers/core';
import {
  checkPlanContent,
  type FeaturesByReference,
  type Issue,
  type Metadata,
  type PlanContent,
} from '@ledgerline/catalog/core';
import { type Decision, type Instant, refusal, type Refusal, refuseFarInstant } from '@ledgerline/kernel';
import { checkSpec } from './check-spec.js';
import { refuseOverlap } from './refuse-overlap.js';
import { resolveCreateTiming, type Timing } from './resolve-timing.js';
import type { Subscription } from './subscription.js';
import { hasBillables, specFromPlan, type SubscriptionSpec } from './subscription-spec.js';

/** What a caller says about a new subscription. */
export interface SubscriptionDraft {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly timing: Timing;
  readonly billingAnchor?: Instant | undefined;
  readonly startingPhase?: string | undefined;
}

/** What is subscribed to: a version of a plan, or content that belongs to this subscription alone. */
export interface Offer {
  readonly content: PlanContent;
  readonly plan?: SubscriptionSpec['plan'];
}

export interface CreateFacts {
  readonly namespace: string;
  readonly now: Instant;
  readonly customer: Customer;
  readonly offer: Offer;
  /** Of a custom plan, which nobody has checked before. */
  readonly features: FeaturesByReference;
  /** Why the customer cannot be invoiced. */
  readonly notReady: Refusal | undefined;
  /** Subscriptions of the customer that have not ended. */
  readonly others: readonly Subscription[];
  readonly nextId: () => string;
}

export interface Creation {
  readonly subscription: Subscription;
  /** The customer has had none, and is billed in this one from now on. */
  readonly newCurrency?: string | undefined;
}

export function decideCreate(draft: SubscriptionDraft, facts: CreateFacts): Decision<Creation> {
  const { customer, offer, now } = facts;
  const issues = offer.plan === undefined ? checkCustomPlan(offer.content, facts.features) : [];
  if (issues.length > 0) return { refused: refusal.invalid('invalid plan', { issues }) };
  const start = resolveCreateTiming(draft.timing, now);
  if (start.refused !== undefined) return start;
  const far =
    refuseFarInstant('$.timing', start.accepted) ?? refuseFarInstant('$.billingAnchor', draft.billingAnchor);
  if (far !== undefined) return { refused: far };
  const activeFrom = start.accepted.round('millisecond');
  const spec = specFromPlan(offer.content, {
    customerId: customer.id,
    name: draft.name ?? offer.content.name,
    description: draft.description,
    metadata: draft.metadata,
    plan: offer.plan,
    activeFrom,
    billingAnchor: draft.billingAnchor?.round('millisecond') ?? activeFrom,
    startingPhase: draft.startingPhase,
  });
  if (spec.refused !== undefined) return spec;
  const specIssues = checkSpec(spec.accepted);
  if (specIssues.length > 0)
    return { refused: refusal.invalid('invalid subscription', { issues: specIssues }) };
  const subscription = withIds(spec.accepted, facts);
  const refused = refuseCustomer(spec.accepted, facts) ?? refuseOverlap(subscription, facts.others);
  if (refused !== undefined) return { refused };
  const isFirst = customer.currency === undefined && hasBillables(spec.accepted);
  return { accepted: { subscription, newCurrency: isFirst ? spec.accepted.currency : undefined } };
}

/** A custom plan is not a draft: warnings refuse it too. Its fields stand below `plan`. */
const checkCustomPlan = (content: PlanContent, features: FeaturesByReference): readonly Issue[] =>
  checkPlanContent(content, features).map((issue) => ({
    ...issue,
    field: issue.field.replace(/^\$/, '$.plan'),
  }));

function refuseCustomer(spec: SubscriptionSpec, { customer, notReady }: CreateFacts): Refusal | undefined {
  if (!hasBillables(spec)) return undefined;
  if (customer.currency !== undefined && customer.currency !== spec.currency) {
    return refusal.invalid(
      `the customer is billed in ${customer.currency}, the plan is priced in ${spec.currency}`,
    );
  }
  return notReady;
}

const withIds = (spec: SubscriptionSpec, { namespace, now, nextId }: CreateFacts): Subscription => ({
  ...spec,
  id: nextId(),
  namespace,
  createdAt: now,
  updatedAt: now,
  phases: spec.phases.map((phase) => ({
    ...phase,
    id: nextId(),
    createdAt: now,
    items: phase.items.map((item) => ({ ...item, id: nextId(), createdAt: now })),
  })),
});
