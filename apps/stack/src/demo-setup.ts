import type { DemoApi } from './demo-api.js';

export const customerKey = 'acme';
const tokensGranted = 400_000;

/** What the demo sells: tokens up to a grant, and web requests at a price. Returns the ids the story needs. */
export async function setUpCommerce(api: DemoApi, now: string): Promise<{ customerId: string }> {
  await api.post('/api/v1/meters', {
    slug: 'http_requests',
    name: 'Web requests',
    eventType: 'http.request',
    aggregation: 'COUNT',
    groupBy: { route: '$.route', status: '$.status' },
  });
  await api.post('/api/v1/meters', {
    slug: 'llm_tokens',
    name: 'LLM tokens',
    eventType: 'llm.completion',
    aggregation: 'SUM',
    valueProperty: '$.totalTokens',
    groupBy: { model: '$.model' },
  });
  await api.post('/api/v1/features', { key: 'requests', name: 'Web requests', meterSlug: 'http_requests' });
  await api.post('/api/v1/features', { key: 'tokens', name: 'LLM tokens', meterSlug: 'llm_tokens' });
  const customer = (await api.post('/api/v1/customers', {
    key: customerKey,
    name: 'Acme Corp',
    currency: 'USD',
    usageAttribution: { subjectKeys: [customerKey] },
  })) as { id: string };
  await api.post(`/api/v2/customers/${customerKey}/entitlements`, {
    type: 'metered',
    featureKey: 'tokens',
    usagePeriod: { interval: 'MONTH', anchor: now },
  });
  await api.post(`/api/v2/customers/${customerKey}/entitlements/tokens/grants`, {
    amount: tokensGranted,
    effectiveAt: now,
    expiration: { duration: 'YEAR', count: 1 },
  });
  const plan = (await api.post('/api/v1/plans', {
    key: 'starter',
    name: 'Starter',
    currency: 'USD',
    billingCadence: 'P1M',
    phases: [
      {
        key: 'default',
        name: 'Default',
        duration: null,
        rateCards: [
          {
            type: 'flat_fee',
            key: 'platform',
            name: 'Platform fee',
            billingCadence: 'P1M',
            price: { type: 'flat', amount: '20', paymentTerm: 'in_advance' },
          },
          {
            type: 'usage_based',
            key: 'requests',
            name: 'Web requests',
            featureKey: 'requests',
            billingCadence: 'P1M',
            price: { type: 'unit', amount: '0.015' },
          },
        ],
      },
    ],
  })) as { id: string };
  await api.post(`/api/v1/plans/${plan.id}/publish`);
  await api.post('/api/v1/subscriptions', { customerKey, plan: { key: 'starter' }, timing: 'immediate' });
  return { customerId: customer.id };
}
