import type { Feature } from '@ledgerline/catalog/core';
import { defaultGrant, usagePeriodAt } from '@ledgerline/credits/core';
import {
  type Decimal,
  type Decision,
  type Duration,
  floorToMinute,
  type Instant,
  isBefore,
  type MinuteInstant,
  recurrencePeriodAt,
  type Recurrence,
  refusal,
  type Refusal,
  ZERO,
} from '@ledgerline/kernel';
import { decideEntitlementGrant, type GrantDraft } from './decide-grant.js';
import {
  type Entitlement,
  type EntitlementGrant,
  isActiveAt,
  type MeteredEntitlement,
  type Metadata,
  usagePeriodsOf,
} from './entitlement.js';
import { refuseFarInstant, stepsAtStartMax, stepsBetween } from './limits.js';

export interface UsagePeriodDraft {
  readonly interval: Duration;
  /** Absent: now. */
  readonly anchor?: Instant | undefined;
}

interface MeteredDraft {
  readonly type: 'metered';
  readonly metadata?: Metadata | undefined;
  readonly usagePeriod: UsagePeriodDraft;
  readonly isSoftLimit: boolean;
  /** Absent: now. */
  readonly measureUsageFrom?: Instant | 'NOW' | 'CURRENT_PERIOD_START' | undefined;
  readonly issue?: { readonly amount: Decimal; readonly priority?: number | undefined } | undefined;
  readonly preserveOverageAtReset: boolean;
  /** To be created with it. */
  readonly grants?: readonly GrantDraft[] | undefined;
}

interface StaticDraft {
  readonly type: 'static';
  readonly metadata?: Metadata | undefined;
  readonly config: string;
  readonly usagePeriod?: UsagePeriodDraft | undefined;
}

interface BooleanDraft {
  readonly type: 'boolean';
  readonly metadata?: Metadata | undefined;
  readonly usagePeriod?: UsagePeriodDraft | undefined;
}

export type EntitlementDraft = MeteredDraft | StaticDraft | BooleanDraft;

export interface EntitlementFacts {
  readonly namespace: string;
  readonly now: Instant;
  readonly customerId: string;
  readonly feature: Pick<Feature, 'id' | 'key' | 'meterId'>;
  readonly newId: () => string;
  readonly life: Pick<Entitlement, 'activeFrom' | 'activeTo' | 'managedBy'>;
  /** One of the same customer and feature key whose life meets this one's. */
  readonly conflicting: Pick<Entitlement, 'id'> | undefined;
}

export interface NewEntitlement {
  readonly entitlement: Entitlement;
  readonly grants: readonly EntitlementGrant[];
}

export const entitlementConflict = (
  conflictingId: string,
  { customerId, featureKey }: Pick<Entitlement, 'customerId' | 'featureKey'>,
): Refusal =>
  refusal.conflict(
    `entitlement with id ${conflictingId} already exists for feature ${featureKey} and customer ${customerId}`,
    { extensions: { conflictingEntityId: conflictingId } },
  );

/** A new entitlement and the grants it starts with, or why there is none. */
export function decideCreateEntitlement(
  draft: EntitlementDraft,
  facts: EntitlementFacts,
): Decision<NewEntitlement> {
  const refused =
    refuseFarInstant('$.usagePeriod.anchor', draft.usagePeriod?.anchor) ??
    (facts.conflicting &&
      entitlementConflict(facts.conflicting.id, { ...facts, featureKey: facts.feature.key }));
  if (refused !== undefined) return { refused };
  const base = {
    id: facts.newId(),
    namespace: facts.namespace,
    customerId: facts.customerId,
    featureId: facts.feature.id,
    featureKey: facts.feature.key,
    metadata: draft.metadata,
    ...facts.life,
    createdAt: facts.now,
    updatedAt: facts.now,
  };
  const usagePeriod = draft.usagePeriod && recurrenceOf(draft.usagePeriod, facts.now);
  switch (draft.type) {
    case 'boolean':
      return { accepted: { entitlement: { ...base, type: 'boolean', usagePeriod }, grants: [] } };
    case 'static':
      return {
        accepted: { entitlement: { ...base, type: 'static', config: draft.config, usagePeriod }, grants: [] },
      };
    case 'metered':
      return decideMetered(draft, base, facts);
  }
}

const recurrenceOf = ({ interval, anchor }: UsagePeriodDraft, now: Instant): Recurrence => ({
  interval,
  anchor: floorToMinute(anchor ?? now),
});

type Base = Omit<MeteredEntitlement, 'type' | keyof MeteredOnly>;
type MeteredOnly = Pick<
  MeteredEntitlement,
  | 'meterId'
  | 'usagePeriod'
  | 'measureUsageFrom'
  | 'isSoftLimit'
  | 'issue'
  | 'preserveOverageAtReset'
  | 'resets'
>;

function decideMetered(draft: MeteredDraft, base: Base, facts: EntitlementFacts): Decision<NewEntitlement> {
  const { meterId } = facts.feature;
  if (meterId === undefined) return { refused: refusal.invalid('Feature has no meter') };
  const usagePeriod = recurrenceOf(draft.usagePeriod, facts.now);
  const measureUsageFrom = measurementStart(draft, usagePeriod, facts.now);
  const refused = refuseMeasurement(measureUsageFrom, usagePeriod, facts.now) ?? refuseIssue(draft);
  if (refused !== undefined) return { refused };
  const issued = draft.issue?.amount.greaterThan(ZERO) === true ? draft.issue : undefined;
  const entitlement: MeteredEntitlement = {
    ...base,
    type: 'metered',
    meterId,
    usagePeriod,
    measureUsageFrom,
    isSoftLimit: draft.isSoftLimit,
    issue: issued && { amount: issued.amount, priority: issued.priority ?? 1 },
    preserveOverageAtReset: draft.preserveOverageAtReset,
    resets: [],
  };
  const grants = firstGrants(entitlement, draft.grants ?? [], facts);
  return grants.refused === undefined ? { accepted: { entitlement, grants: grants.accepted } } : grants;
}

function measurementStart(
  { measureUsageFrom = 'NOW' }: MeteredDraft,
  usagePeriod: Recurrence,
  now: Instant,
): MinuteInstant {
  if (measureUsageFrom === 'NOW') return floorToMinute(now);
  return floorToMinute(
    measureUsageFrom === 'CURRENT_PERIOD_START'
      ? recurrencePeriodAt(usagePeriod, now).from
      : measureUsageFrom,
  );
}

function refuseMeasurement(
  measureUsageFrom: Instant,
  { interval }: Recurrence,
  now: Instant,
): Refusal | undefined {
  const far = refuseFarInstant('$.measureUsageFrom', measureUsageFrom);
  if (far !== undefined || stepsBetween(interval, measureUsageFrom, now) <= stepsAtStartMax) return far;
  const message = `must not lie more than ${stepsAtStartMax} usage periods back`;
  return refusal.invalidField('$.measureUsageFrom', 'measure_usage_from_far', message);
}

function refuseIssue({ issue, grants = [] }: MeteredDraft): Refusal | undefined {
  if (issue?.amount.lessThan(ZERO) === true)
    return refusal.invalidField('$.issueAfterReset', 'issue_negative', 'must not be negative');
  if (issue !== undefined && grants.length > 0)
    return refusal.invalidField('$.grants', 'grants_beside_issue', 'must not be given together with issue');
  return undefined;
}

function firstGrants(
  entitlement: MeteredEntitlement,
  drafts: readonly GrantDraft[],
  { now, newId }: EntitlementFacts,
): Decision<readonly EntitlementGrant[]> {
  const currentUsagePeriod = usagePeriodAt(usagePeriodsOf(entitlement), now);
  const { measureUsageFrom, issue } = entitlement;
  if (issue !== undefined) {
    const grant = defaultGrant({ ...issue, id: newId(), measureUsageFrom, currentUsagePeriod, now });
    const owned = { entitlementId: entitlement.id, annotations: { issueAfterReset: true }, updatedAt: now };
    return { accepted: [{ ...grant, ...owned }] };
  }
  const grants: EntitlementGrant[] = [];
  for (const [index, draft] of drafts.entries()) {
    const decided = decideEntitlementGrant(draft, {
      entitlementId: entitlement.id,
      id: newId(),
      now,
      currentUsagePeriod,
      root: `$.grants[${index}]`,
    });
    if (decided.refused !== undefined) return decided;
    grants.push(decided.accepted);
  }
  return { accepted: grants };
}

export const entitlementNotFound = (idOrFeatureKey: string): Refusal =>
  refusal.notFound(`not found error: entitlement ${idOrFeatureKey} not found`);

export const refuseManaged = ({ managedBy }: Entitlement): Refusal | undefined =>
  managedBy === undefined ? undefined : refusal.forbidden('entitlement is managed by subscription');

/** The end of an entitlement that a new one takes the place of. */
export function decideOverride(
  old: Entitlement,
  { now, featureKey }: { readonly now: Instant; readonly featureKey: string },
): Decision<Entitlement> {
  const refused =
    refuseManaged(old) ??
    (isActiveAt(old, now)
      ? undefined
      : refusal.invalid(`entitlement ${old.id} is not active: only an active one can be overridden`)) ??
    (old.featureKey === featureKey
      ? undefined
      : refusal.invalid(
          `old and new entitlements belong to different features: ${old.featureKey} and ${featureKey}`,
        )) ??
    (isBefore(old.activeFrom, now)
      ? undefined
      : refusal.invalid(`entitlement ${old.id} must be active before the new one starts`));
  return refused === undefined ? { accepted: { ...old, activeTo: now, updatedAt: now } } : { refused };
}

export function decideDeleteEntitlement(entitlement: Entitlement, now: Instant): Decision<Entitlement> {
  const refused = refuseManaged(entitlement);
  return refused === undefined
    ? { accepted: { ...entitlement, deletedAt: now, updatedAt: now } }
    : { refused };
}
