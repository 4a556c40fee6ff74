import { type Instant, type Json, newId, toRfc3339 } from '@ledgerline/kernel';
import type { EventTopic } from './event.js';
import type { RuleType } from './rule.js';

const dayMs = 86_400_000;
const featureKey = 'test_feature_1';
const subjectKey = 'test-subject-1';

/** What a test of a rule tells: made up, but of the shape of the real thing. */
export function testData(type: RuleType, now: Instant): { readonly data: Json; readonly topic: EventTopic } {
  if (type === 'invoice.created' || type === 'invoice.updated') return { data: invoice(now), topic: {} };
  const ids = { featureId: newId(), subjectId: newId() };
  const data = entitlementData(now, ids);
  return {
    data: type === 'entitlements.reset' ? data : { ...data, threshold: { type: 'PERCENT', value: 50 } },
    topic: { ...ids, featureKey, subjectKey },
  };
}

function entitlementData(now: Instant, ids: { readonly featureId: string; readonly subjectId: string }) {
  const at = toRfc3339(now);
  const period = { from: at, to: toRfc3339(now.add({ milliseconds: dayMs })) };
  const made = { createdAt: at, updatedAt: at };
  const customer = newId();
  return {
    entitlement: {
      id: newId(),
      type: 'metered',
      featureId: ids.featureId,
      featureKey,
      subjectKey,
      isSoftLimit: false,
      isUnlimited: false,
      issueAfterReset: 10_000,
      issueAfterResetPriority: 1,
      preserveOverageAtReset: false,
      activeFrom: at,
      measureUsageFrom: at,
      lastReset: at,
      usagePeriod: { interval: 'DAY', intervalISO: 'P1D', anchor: at },
      currentUsagePeriod: period,
      ...made,
    },
    feature: { id: ids.featureId, key: featureKey, name: featureKey, ...made },
    subject: { id: ids.subjectId, key: subjectKey, ...made },
    customer: {
      id: customer,
      key: 'test-customer-1',
      name: 'Test Customer 1',
      usageAttribution: { subjectKeys: [subjectKey] },
      ...made,
    },
    value: {
      hasAccess: true,
      balance: 10_000,
      usage: 5_001,
      overage: 99,
      totalAvailableGrantAmount: 14_902,
    },
  };
}

function invoice(now: Instant) {
  const at = toRfc3339(now);
  const money = {
    amount: '100',
    chargesTotal: '0',
    discountsTotal: '0',
    taxesInclusiveTotal: '0',
    taxesExclusiveTotal: '0',
    taxesTotal: '0',
    total: '100',
  };
  return {
    id: newId(),
    type: 'standard',
    number: 'TEST-INVOICE-1',
    description: 'A simulated invoice',
    currency: 'USD',
    supplier: { id: newId(), name: 'Test Supplier' },
    customer: {
      id: newId(),
      key: 'test-customer-1',
      name: 'Test Customer 1',
      usageAttribution: { subjectKeys: [subjectKey] },
    },
    status: 'draft',
    statusDetails: {
      immutable: false,
      failed: false,
      extendedStatus: 'draft.waiting_auto_approval',
      availableActions: { advance: { resultingState: 'draft.ready_to_issue' } },
    },
    totals: money,
    workflow: { sourceBillingProfileId: newId(), workflow: {} },
    period: { from: toRfc3339(now.subtract({ milliseconds: dayMs })), to: at },
    createdAt: at,
    updatedAt: at,
  };
}
