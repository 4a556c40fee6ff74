import type { Expiration } from '@ledgerline/credits/core';
import {
  decimal,
  floorToMinute,
  type Instant,
  instant,
  invariant,
  type Json,
  type MinuteInstant,
  parseDuration,
  type Recurrence,
  toNumeric,
  toRfc3339,
} from '@ledgerline/kernel';
import type { Entitlement, EntitlementGrant } from './entitlement.js';

/** Plain JSON of a grant: what its fact says and what is kept under an idempotency key. */
export type GrantJson = ReturnType<typeof grantToJson>;
export type EntitlementJson = ReturnType<typeof entitlementToJson>;

type RecurrenceJson = { readonly interval: string; readonly anchor: string } | null;

export const grantToJson = (grant: EntitlementGrant) => ({
  id: grant.id,
  entitlementId: grant.entitlementId,
  amount: toNumeric(grant.amount),
  priority: grant.priority,
  effectiveAt: toRfc3339(grant.effectiveAt),
  expiration: grant.expiration === undefined ? null : expirationToJson(grant.expiration),
  expiresAt: textOf(grant.expiresAt),
  recurrence: recurrenceToJson(grant.recurrence),
  minRollover: toNumeric(grant.minRollover),
  maxRollover: toNumeric(grant.maxRollover),
  metadata: grant.metadata ?? null,
  annotations: grant.annotations ?? null,
  voidedAt: textOf(grant.voidedAt),
  deletedAt: textOf(grant.deletedAt),
  createdAt: toRfc3339(grant.createdAt),
  updatedAt: toRfc3339(grant.updatedAt),
});

export const grantFromJson = (json: GrantJson): EntitlementGrant => ({
  id: json.id,
  entitlementId: json.entitlementId,
  amount: decimal(json.amount),
  priority: json.priority,
  effectiveAt: floorToMinute(instant(json.effectiveAt)),
  expiration: json.expiration ?? undefined,
  expiresAt: minuteOf(json.expiresAt),
  recurrence: recurrenceFromJson(json.recurrence),
  minRollover: decimal(json.minRollover),
  maxRollover: decimal(json.maxRollover),
  metadata: json.metadata ?? undefined,
  annotations: json.annotations ?? undefined,
  voidedAt: minuteOf(json.voidedAt),
  deletedAt: minuteOf(json.deletedAt),
  createdAt: instant(json.createdAt),
  updatedAt: instant(json.updatedAt),
});

export const entitlementToJson = (entitlement: Entitlement) => {
  const { type } = entitlement;
  return {
    id: entitlement.id,
    type,
    customerId: entitlement.customerId,
    featureId: entitlement.featureId,
    featureKey: entitlement.featureKey,
    metadata: entitlement.metadata ?? null,
    activeFrom: toRfc3339(entitlement.activeFrom),
    activeTo: textOf(entitlement.activeTo),
    managedBy: entitlement.managedBy === undefined ? null : { ...entitlement.managedBy },
    usagePeriod: recurrenceToJson(entitlement.usagePeriod),
    config: type === 'static' ? entitlement.config : null,
    metered:
      type === 'metered'
        ? {
            meterId: entitlement.meterId,
            measureUsageFrom: toRfc3339(entitlement.measureUsageFrom),
            isSoftLimit: entitlement.isSoftLimit,
            issue:
              entitlement.issue === undefined
                ? null
                : { amount: toNumeric(entitlement.issue.amount), priority: entitlement.issue.priority },
            preserveOverageAtReset: entitlement.preserveOverageAtReset,
          }
        : null,
    createdAt: toRfc3339(entitlement.createdAt),
    updatedAt: toRfc3339(entitlement.updatedAt),
    deletedAt: textOf(entitlement.deletedAt),
  };
};

/** `namespace` is not part of the JSON: a fact stands in one. */
export function entitlementFromJson(json: EntitlementJson, namespace: string): Entitlement {
  const base = {
    id: json.id,
    namespace,
    customerId: json.customerId,
    featureId: json.featureId,
    featureKey: json.featureKey,
    metadata: json.metadata ?? undefined,
    activeFrom: instant(json.activeFrom),
    activeTo: instantOf(json.activeTo),
    managedBy: json.managedBy ?? undefined,
    createdAt: instant(json.createdAt),
    updatedAt: instant(json.updatedAt),
    deletedAt: instantOf(json.deletedAt),
  };
  const usagePeriod = recurrenceFromJson(json.usagePeriod);
  if (json.type === 'boolean') return { ...base, type: 'boolean', usagePeriod };
  if (json.type === 'static') {
    invariant(json.config !== null, 'a static entitlement has a config');
    return { ...base, type: 'static', usagePeriod, config: json.config };
  }
  const { metered } = json;
  invariant(metered !== null && usagePeriod !== undefined, 'a metered entitlement has usage periods');
  return {
    ...base,
    type: 'metered',
    usagePeriod,
    meterId: metered.meterId,
    measureUsageFrom: floorToMinute(instant(metered.measureUsageFrom)),
    isSoftLimit: metered.isSoftLimit,
    issue:
      metered.issue === null
        ? undefined
        : { amount: decimal(metered.issue.amount), priority: metered.issue.priority },
    preserveOverageAtReset: metered.preserveOverageAtReset,
    // A reset is a fact of its own.
    resets: [],
  };
}

const textOf = (at: Instant | undefined): string | null => (at === undefined ? null : toRfc3339(at));
const instantOf = (text: string | null): Instant | undefined => (text === null ? undefined : instant(text));
const minuteOf = (text: string | null): MinuteInstant | undefined =>
  text === null ? undefined : floorToMinute(instant(text));

const expirationToJson = ({ duration, count }: Expiration): Expiration & Json => ({ duration, count });

const recurrenceToJson = (recurrence: Recurrence | undefined): RecurrenceJson =>
  recurrence === undefined
    ? null
    : { interval: recurrence.interval.toString(), anchor: toRfc3339(recurrence.anchor) };

export function recurrenceFromJson(json: RecurrenceJson): Recurrence | undefined {
  if (json === null) return undefined;
  const interval = parseDuration(json.interval);
  invariant(interval !== undefined, 'an interval that was written can be read');
  return { interval, anchor: instant(json.anchor) };
}
