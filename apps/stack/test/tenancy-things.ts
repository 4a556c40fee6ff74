import { eventually, NotYet } from '@ledgerline/testkit';
import type { Things } from './operation-probe.js';
import type { TenancyRig } from './tenancy-rig.js';

const subject = 'shared-subject';

/** Fills a namespace with one of each thing. Names and data carry the canary; ids and keys, which others may guess, do not. */
export async function fillNamespace(rig: TenancyRig, key: string, canary: string): Promise<Things> {
  const post = (path: string, body: unknown) => rig.must({ method: 'POST', path, key, body });
  const get = (path: string) => rig.must({ method: 'GET', path, key });
  const metadata = { note: canary };
  const meter = await post('/api/v1/meters', {
    slug: 'shared_meter',
    description: canary,
    eventType: 'call',
    aggregation: 'SUM',
    valueProperty: '$.tokens',
    groupBy: { model: '$.model' },
  });
  const feature = await post('/api/v1/features', {
    key: 'shared_feature',
    name: canary,
    metadata,
    meterSlug: 'shared_meter',
  });
  const customer = await post('/api/v1/customers', {
    key: 'shared-customer',
    name: canary,
    metadata,
    currency: 'USD',
    usageAttribution: { subjectKeys: [subject] },
  });
  const entitlement = await post('/api/v2/customers/shared-customer/entitlements', {
    type: 'metered',
    featureKey: 'shared_feature',
    metadata,
    usagePeriod: { interval: 'MONTH', anchor: '2025-01-01T00:00:00Z' },
  });
  const grant = await post('/api/v2/customers/shared-customer/entitlements/shared_feature/grants', {
    amount: 1000,
    metadata,
    effectiveAt: new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString(),
    expiration: { duration: 'YEAR', count: 1 },
  });
  const plan = await post('/api/v1/plans', planOf(canary));
  await post(`/api/v1/plans/${plan.id}/publish`, undefined);
  const subscription = await post('/api/v1/subscriptions', {
    customerKey: 'shared-customer',
    plan: { key: 'shared_plan' },
    timing: 'immediate',
    name: canary,
    metadata,
  });
  const profiles = await get('/api/v1/billing/profiles');
  const apps = await get('/api/v1/apps');
  await post(`/api/v1/billing/customers/${customer.id}/invoices/pending-lines`, pendingLine(canary));
  await sendEvents(rig, key, canary);
  const invoice = await paidInvoice(rig, key);
  const channel = await post('/api/v1/notification/channels', {
    type: 'WEBHOOK',
    name: canary,
    url: 'https://nobody.invalid/',
    metadata,
  });
  const rule = await post('/api/v1/notification/rules', {
    type: 'entitlements.reset',
    name: canary,
    channels: [channel.id],
    features: ['shared_feature'],
  });
  const event = await post(`/api/v1/notification/rules/${rule.id}/test`, undefined);
  const { apiKey } = await post('/api/ledgerline/v1/api-keys', { name: canary, scopes: ['read'] });
  const nothing = ['01ARZ3NDEKTSV4RRFFQ69G5FAV'];
  return {
    meterIdOrSlug: [meter.id, 'shared_meter'],
    meterSlug: ['shared_meter'],
    meterId: [meter.id],
    groupByKey: ['model'],
    featureId: [feature.id, 'shared_feature'],
    featureKey: ['shared_feature'],
    feature: ['shared_feature', feature.id],
    customerId: [customer.id],
    customerIdOrKey: [customer.id, 'shared-customer'],
    customerKey: ['shared-customer'],
    customerKeys: ['shared-customer'],
    customerIds: [customer.id],
    customers: [customer.id],
    customer: [customer.id, 'shared-customer'],
    filterCustomerId: [customer.id],
    subject: [subject],
    subjectIdOrKey: [subject, 'shared-customer', customer.id],
    subjectKey: [subject],
    subjectKeys: [subject],
    entitlementId: [entitlement.id],
    entitlementIdOrFeatureKey: [entitlement.id, 'shared_feature'],
    grantId: [grant.id],
    planId: [plan.id, 'shared_plan'],
    planIdOrKey: [plan.id, 'shared_plan'],
    planKey: ['shared_plan'],
    subscriptionId: [subscription.id],
    invoiceId: [invoice.id],
    profiles: [profiles.items[0].id],
    billingProfileId: [profiles.items[0].id],
    billingProfile: [profiles.items[0].id],
    apps: [apps.items[0].id],
    appId: [apps.items[0].id],
    // The status of an event: events/{source}/{id}.
    '{source}': ['event-1'],
    source: ['shared-source'],
    // Long queries are followed under a name that the asker chose.
    clientId: ['shared-run'],
    progress: ['shared-run'],
    apiKeyId: [apiKey.id],
    channelId: [channel.id],
    channel: [channel.id],
    ruleId: [rule.id],
    rule: [rule.id],
    eventId: [event.id],
    type: ['sandbox', 'stripe'],
    // Not built yet, or nothing that could be made here.
    addonId: nothing,
    planAddonId: nothing,
    subscriptionAddonId: nothing,
    entryId: nothing,
  };
}

const planOf = (canary: string): object => ({
  key: 'shared_plan',
  name: canary,
  currency: 'USD',
  billingCadence: 'P1M',
  phases: [
    {
      key: 'only',
      name: canary,
      duration: null,
      rateCards: [
        {
          type: 'flat_fee',
          key: 'fee',
          name: canary,
          billingCadence: 'P1M',
          price: { type: 'flat', amount: '20', paymentTerm: 'in_advance' },
        },
      ],
    },
  ],
});

const pendingLine = (canary: string): object => ({
  currency: 'USD',
  lines: [
    {
      name: canary,
      period: { from: '2030-01-01T00:00:00Z', to: '2030-02-01T00:00:00Z' },
      invoiceAt: '2030-02-01T00:00:00Z',
      price: { type: 'flat', amount: '5' },
    },
  ],
});

export const eventsOf = (canary: string, tokens: number): object[] =>
  ['event-1', 'event-2'].map((id) => ({
    specversion: '1.0',
    id,
    source: 'shared-source',
    type: 'call',
    subject,
    data: { tokens, model: canary },
  }));

async function sendEvents(rig: TenancyRig, key: string, canary: string): Promise<void> {
  const reply = await rig.send(key, eventsOf(canary, 21));
  if (reply.status !== 204) throw new Error(`events: ${reply.status} ${reply.text}`);
  await untilTotal(rig, key, 42);
}

/** Waits until the namespace's own meter has seen its own events. */
export const untilTotal = (rig: TenancyRig, key: string, total: number): Promise<unknown> =>
  eventually(
    async () => {
      const path = '/api/v1/meters/shared_meter/query';
      const { data } = await rig.must({ method: 'GET', path, key });
      if (data[0]?.value !== total) throw new NotYet(data);
      return true;
    },
    { what: `the meter to show ${total}`, deadlineMs: 30_000 },
  );

/** The fee in advance is invoiced and paid by itself: that needs what a new namespace is prepared with. */
const paidInvoice = (rig: TenancyRig, key: string): Promise<{ id: string }> =>
  eventually(
    async () => {
      const { items } = await rig.must({ method: 'GET', path: '/api/v1/billing/invoices', key });
      const paid = items.find((invoice: { status: string }) => invoice.status === 'paid');
      if (paid === undefined) throw new NotYet(items.map((one: { status: string }) => one.status));
      return paid;
    },
    { what: 'the first invoice to be paid', deadlineMs: 40_000 },
  );
