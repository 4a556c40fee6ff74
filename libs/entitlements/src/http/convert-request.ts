import type { components, OpRequest } from '@ledgerline/contract';
import { type GrantRequest, parseInterval, type ResetRequest } from '@ledgerline/credits/core';
import { decimal, instant, type Json, refusal, Refused } from '@ledgerline/kernel';
import type { EntitlementDraft, UsagePeriodDraft } from '../core/decide-entitlement.js';
import type { GrantDraft } from '../core/decide-grant.js';
import type { HistoryAsk } from '../use-cases/read-history.js';
import type { Attempt } from '../use-cases/scope.js';

type Schemas = components['schemas'];
type V1 = Schemas['EntitlementCreateInputs'];
type V2 = Schemas['EntitlementV2CreateInputs'];
type Metered = Schemas['EntitlementMeteredCreateInputs'];
type MeteredV2 = Schemas['EntitlementMeteredV2CreateInputs'];

/** Fields of one type that mean nothing for another: silently dropped, they would look as if they had an effect. */
const notFor: Readonly<Record<EntitlementDraft['type'], readonly string[]>> = {
  metered: ['config'],
  static: ['measureUsageFrom', 'issueAfterReset', 'issue', 'grants', 'isSoftLimit'],
  boolean: ['config', 'measureUsageFrom', 'issueAfterReset', 'issue', 'grants', 'isSoftLimit'],
};

export function entitlementFromApi(body: V1): EntitlementDraft {
  refuseStrangers(body);
  return body.type === 'metered' ? { ...meteredFromApi(body), issue: issueOf(body) } : plainFromApi(body);
}

export function entitlementV2FromApi(body: V2): EntitlementDraft {
  refuseStrangers(body);
  if (body.type !== 'metered') return plainFromApi(body);
  const { issue, grants } = body;
  return {
    ...meteredFromApi(body),
    issue: issue === undefined ? issueOf(body) : { amount: decimal(issue.amount), priority: issue.priority },
    grants: grants?.map((grant, index) => grantV2FromApi(grant, `$.grants[${index}]`)),
  };
}

function refuseStrangers(body: V1 | V2): void {
  const stranger = notFor[body.type].find((name) => name in body);
  if (stranger === undefined) return;
  const message = `is not supported for ${body.type} entitlements`;
  throw new Refused(refusal.invalidField(`$.${stranger}`, 'entitlement_field_unsupported', message));
}

const meteredFromApi = (body: Metered | MeteredV2) =>
  ({
    type: 'metered',
    metadata: body.metadata,
    usagePeriod: usagePeriodFromApi(body.usagePeriod, '$.usagePeriod'),
    isSoftLimit: body.isSoftLimit,
    measureUsageFrom: measureUsageFromApi(body.measureUsageFrom),
    preserveOverageAtReset: body.preserveOverageAtReset,
  }) as const;

function plainFromApi(body: Exclude<V1, Metered>): EntitlementDraft {
  const usagePeriod = body.usagePeriod && usagePeriodFromApi(body.usagePeriod, '$.usagePeriod');
  const { metadata } = body;
  return body.type === 'static'
    ? { type: 'static', metadata, usagePeriod, config: body.config }
    : { type: 'boolean', metadata, usagePeriod };
}

function issueOf({ issueAfterReset, issueAfterResetPriority: priority }: Metered | MeteredV2) {
  if (issueAfterReset !== undefined) return { amount: decimal(issueAfterReset), priority };
  // 1 is the contract's default and arrives whether it was sent or not; alone it says nothing.
  if (priority === 1) return undefined;
  throw new Refused(
    refusal.invalidField(
      '$.issueAfterResetPriority',
      'entitlement_invalid_issue_after_reset_with_priority',
      'needs issueAfterReset',
    ),
  );
}

function usagePeriodFromApi(
  { interval, anchor }: Schemas['RecurringPeriodCreateInput'],
  field: string,
): UsagePeriodDraft {
  const duration = parseInterval(interval);
  if (duration === undefined) {
    const message = 'must be DAY, WEEK, MONTH, YEAR or an ISO 8601 duration of 1 hour to 1000 years';
    throw new Refused(refusal.invalidField(`${field}.interval`, 'interval_out_of_range', message));
  }
  return { interval: duration, anchor: anchor === undefined ? undefined : instant(anchor) };
}

function measureUsageFromApi(value: Schemas['MeasureUsageFrom'] | undefined) {
  if (value === undefined || value === 'NOW' || value === 'CURRENT_PERIOD_START') return value;
  return instant(value);
}

/** Without a maximum nothing rolls over. */
export const grantFromApi = (body: Schemas['EntitlementGrantCreateInput']): GrantDraft => ({
  ...grantBase(body, '$'),
  maxRollover: decimal(body.maxRolloverAmount),
  metadata: body.metadata,
});

/** Without a maximum the whole amount rolls over. */
export const grantV2FromApi = (body: Schemas['EntitlementGrantCreateInputV2'], root = '$'): GrantDraft => ({
  ...grantBase(body, root),
  maxRollover: decimal(body.maxRolloverAmount ?? body.amount),
  metadata: body.metadata,
  annotations: body.annotations as Readonly<Record<string, Json>> | undefined,
});

const grantBase = (
  body: Schemas['EntitlementGrantCreateInput'] | Schemas['EntitlementGrantCreateInputV2'],
  root: string,
): Omit<GrantRequest, 'maxRollover'> => ({
  amount: decimal(body.amount),
  effectiveAt: instant(body.effectiveAt),
  expiration: body.expiration && { duration: body.expiration.duration, count: body.expiration.count },
  priority: body.priority,
  minRollover: decimal(body.minRolloverAmount),
  recurrence: body.recurrence && usagePeriodFromApi(body.recurrence, `${root}.recurrence`),
});

export const timeFromApi = (time: string | undefined) => (time === undefined ? undefined : instant(time));

export const entitlementListFromApi = (query: OpRequest<'listCustomerEntitlementsV2'>['query']) => ({
  includeDeleted: query.includeDeleted,
  orderBy: query.orderBy ?? 'createdAt',
  descending: query.order === 'DESC',
  limit: query.pageSize,
  offset: (query.page - 1) * query.pageSize,
});

export const grantListFromApi = (query: OpRequest<'listCustomerEntitlementGrantsV2'>['query']) => ({
  includeDeleted: query.includeDeleted,
  orderBy: query.orderBy ?? 'createdAt',
  descending: query.order === 'DESC',
  ...pagingOf(query),
});

export const resetFromApi = (body: Schemas['ResetEntitlementUsageInput']): ResetRequest => ({
  effectiveAt: timeFromApi(body.effectiveAt),
  retainAnchor: body.retainAnchor,
  preserveOverage: body.preserveOverage,
});

export function historyFromApi(query: OpRequest<'getEntitlementHistory'>['query']): HistoryAsk {
  const { from, to, windowSize, windowTimeZone } = query;
  if (!isTimeZone(windowTimeZone)) {
    throw new Refused(
      refusal.invalidField('$.windowTimeZone', 'time_zone_unknown', `${windowTimeZone} is no time zone`),
    );
  }
  return { from: timeFromApi(from), to: timeFromApi(to), windowSize, windowTimeZone };
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Filters over all customers. A filter that was not sent lets everything through. */
export const browseFromApi = (
  query: OpRequest<'listEntitlements'>['query'] | OpRequest<'listEntitlementsV2'>['query'],
) => ({
  features: query.feature,
  types: query.entitlementType,
  excludeInactive: query.excludeInactive,
  includeDeleted: false,
  orderBy: query.orderBy ?? 'createdAt',
  descending: query.order === 'DESC',
});

export const browseGrantsFromApi = (
  query: OpRequest<'listGrants'>['query'] | OpRequest<'listGrantsV2'>['query'],
) => ({
  features: query.feature,
  includeDeleted: query.includeDeleted,
  orderBy: query.orderBy ?? ('effectiveAt' as const),
  descending: query.order === 'DESC',
});

/** Of a list whose bare form is cut by limit and offset: what to show, and the page to name when one was asked for. */
export function unionPagingOf(
  query: OpRequest<'listEntitlements'>['query'] | OpRequest<'listGrants'>['query'],
) {
  const { page, pageSize, limit, offset } = query;
  if (page === undefined && pageSize === undefined) return { paging: undefined, limit, offset };
  const paging = { page: page ?? 1, pageSize: pageSize ?? 100 };
  return { paging, limit: paging.pageSize, offset: (paging.page - 1) * paging.pageSize };
}

/** Page and page size say what to show; where both are at their default, limit and offset do. */
export function pagingOf(query: {
  readonly page: number;
  readonly pageSize: number;
  readonly limit: number;
  readonly offset: number;
}) {
  const { page, pageSize } = query;
  const isPaged = page !== 1 || pageSize !== 100;
  return isPaged
    ? { limit: pageSize, offset: (page - 1) * pageSize }
    : { limit: query.limit, offset: query.offset };
}

/** What a repetition under the same Idempotency-Key must be equal to. */
export const attemptOf = (
  route: string,
  { headers, path, body }: { readonly headers: Headers; readonly path: unknown; readonly body: unknown },
): Attempt => ({ route, key: headers['idempotency-key'], input: { path, body } });

type Headers = Readonly<Record<string, string | undefined>>;
