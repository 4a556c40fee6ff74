import type { components } from '@ledgerline/contract';
import { intervalName, usagePeriodAt } from '@ledgerline/credits/core';
import type { Customer } from '@ledgerline/customers/core';
import {
  type Instant,
  nextRecurrenceAtOrAfter,
  type Period,
  type Recurrence,
  recurrencePeriodAt,
  toRfc3339,
} from '@ledgerline/kernel';
import {
  type Entitlement,
  type EntitlementGrant,
  lastResetOf,
  type MeteredEntitlement,
  usagePeriodsOf,
} from '../core/entitlement.js';
import type { OwnedEntitlement } from '../use-cases/create-entitlement.js';
import type { EntitlementValue } from '../use-cases/read-values.js';

type Schemas = components['schemas'];

/** The name under which v1 knows a customer: its first subject. */
export const subjectKeyOf = ({ id, key, usageAttribution }: Customer): string =>
  usageAttribution.subjectKeys[0] ?? key ?? id;

export function entitlementToApi(
  entitlement: Entitlement,
  subjectKey: string,
  now: Instant,
): Schemas['Entitlement'] {
  const base = { ...baseToApi(entitlement), subjectKey };
  switch (entitlement.type) {
    case 'boolean':
      return { ...base, type: 'boolean', ...periodsToApi(entitlement, now) };
    case 'static':
      return { ...base, type: 'static', config: entitlement.config, ...periodsToApi(entitlement, now) };
    case 'metered':
      return { ...base, type: 'metered', isUnlimited: false, ...meteredToApi(entitlement, now) };
  }
}

export function entitlementV2ToApi(
  { entitlement, customer }: OwnedEntitlement,
  now: Instant,
): Schemas['EntitlementV2'] {
  const base = {
    ...baseToApi(entitlement),
    customerId: customer.id,
    ...(customer.key === undefined ? {} : { customerKey: customer.key }),
  };
  switch (entitlement.type) {
    case 'boolean':
      return { ...base, type: 'boolean', ...periodsToApi(entitlement, now) };
    case 'static':
      return { ...base, type: 'static', config: entitlement.config, ...periodsToApi(entitlement, now) };
    case 'metered': {
      const { issue } = entitlement;
      return {
        ...base,
        type: 'metered',
        ...meteredToApi(entitlement, now),
        ...(issue && { issue: { amount: issue.amount.toNumber(), priority: issue.priority } }),
      };
    }
  }
}

const baseToApi = (entitlement: Entitlement) => ({
  id: entitlement.id,
  featureId: entitlement.featureId,
  featureKey: entitlement.featureKey,
  ...(entitlement.metadata === undefined ? {} : { metadata: entitlement.metadata }),
  ...(entitlement.managedBy === undefined
    ? {}
    : {
        annotations: {
          'subscription.managed': true,
          'subscription.id': entitlement.managedBy.subscriptionId,
          'subscription.item.id': entitlement.managedBy.itemId,
        },
      }),
  activeFrom: toRfc3339(entitlement.activeFrom),
  ...(entitlement.activeTo === undefined ? {} : { activeTo: toRfc3339(entitlement.activeTo) }),
  createdAt: toRfc3339(entitlement.createdAt),
  updatedAt: toRfc3339(entitlement.updatedAt),
  ...(entitlement.deletedAt === undefined ? {} : { deletedAt: toRfc3339(entitlement.deletedAt) }),
});

function periodsToApi({ usagePeriod }: Pick<Entitlement, 'usagePeriod'>, now: Instant) {
  if (usagePeriod === undefined) return {};
  return {
    usagePeriod: recurrenceToApi(usagePeriod),
    currentUsagePeriod: periodToApi(recurrencePeriodAt(usagePeriod, now)),
  };
}

const meteredToApi = (entitlement: MeteredEntitlement, now: Instant) => ({
  isSoftLimit: entitlement.isSoftLimit,
  issueAfterReset: entitlement.issue?.amount.toNumber() ?? 0,
  issueAfterResetPriority: entitlement.issue?.priority ?? 1,
  preserveOverageAtReset: entitlement.preserveOverageAtReset,
  measureUsageFrom: toRfc3339(entitlement.measureUsageFrom),
  lastReset: toRfc3339(lastResetOf(entitlement)),
  usagePeriod: recurrenceToApi(entitlement.usagePeriod),
  currentUsagePeriod: periodToApi(usagePeriodAt(usagePeriodsOf(entitlement), now)),
});

function recurrenceToApi({ interval, anchor }: Recurrence): Schemas['RecurringPeriod'] {
  const intervalISO = interval.toString();
  return { interval: intervalName(interval) ?? intervalISO, intervalISO, anchor: toRfc3339(anchor) };
}

const periodToApi = ({ from, to }: Period): Schemas['Period'] => ({
  from: toRfc3339(from),
  to: toRfc3339(to),
});

/** The only place where balances become doubles. */
export function valueToApi(value: EntitlementValue): Schemas['EntitlementValue'] {
  switch (value.kind) {
    case 'none':
      return { hasAccess: false };
    case 'boolean':
      return { hasAccess: true };
    case 'static':
      return { hasAccess: true, config: value.config };
    case 'metered': {
      const { balance, usage, overage, totalAvailableGrantAmount } = value.balance;
      return {
        hasAccess: value.hasAccess,
        balance: balance.toNumber(),
        usage: usage.toNumber(),
        overage: overage.toNumber(),
        totalAvailableGrantAmount: totalAvailableGrantAmount.toNumber(),
      };
    }
  }
}

export const grantV2ToApi = (grant: EntitlementGrant, now: Instant) => ({
  id: grant.id,
  entitlementId: grant.entitlementId,
  amount: grant.amount.toNumber(),
  // 0 stands for none given, and the contract knows no 0.
  ...(grant.priority === 0 ? {} : { priority: grant.priority }),
  effectiveAt: toRfc3339(grant.effectiveAt),
  ...(grant.expiration === undefined ? {} : { expiration: { ...grant.expiration } }),
  ...(grant.expiresAt === undefined ? {} : { expiresAt: toRfc3339(grant.expiresAt) }),
  minRolloverAmount: grant.minRollover.toNumber(),
  maxRolloverAmount: grant.maxRollover.toNumber(),
  ...(grant.recurrence && {
    recurrence: recurrenceToApi(grant.recurrence),
    nextRecurrence: toRfc3339(nextRecurrenceAtOrAfter(grant.recurrence, now)),
  }),
  ...(grant.metadata === undefined ? {} : { metadata: grant.metadata }),
  ...(grant.annotations === undefined ? {} : { annotations: grant.annotations }),
  ...(grant.voidedAt === undefined ? {} : { voidedAt: toRfc3339(grant.voidedAt) }),
  ...(grant.deletedAt === undefined ? {} : { deletedAt: toRfc3339(grant.deletedAt) }),
  createdAt: toRfc3339(grant.createdAt),
  updatedAt: toRfc3339(grant.updatedAt),
});

/** v1 knows no grant without expiration: one that never expires is shown with a hundred years. */
export function grantToApi(grant: EntitlementGrant, now: Instant): Schemas['EntitlementGrant'] {
  const shown = grantV2ToApi(grant, now);
  if (grant.expiration !== undefined) return { ...shown, expiration: { ...grant.expiration } };
  const inAHundredYears = now.toZonedDateTimeISO('UTC').add({ years: 100 }).toInstant();
  return {
    ...shown,
    expiration: { count: 100, duration: 'YEAR' },
    expiresAt: toRfc3339(inAHundredYears),
  };
}
