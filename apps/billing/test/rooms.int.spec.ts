import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assertCoverage, boundOperations } from '@ledgerline/contract';
import { loadConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrateAll } from '@ledgerline/platform/nest';
import { createLogger } from '@ledgerline/platform/telemetry';
import { freePortBlock, type Isolated, isolated } from '@ledgerline/testkit';
import { AppModule } from '../src/app.module.js';
import { open, type RunningApi, startApi } from '../src/start-api.js';

/** The app as it is shipped: all rooms, joined by bindings.ts, on real engines. */
describe('all rooms together', () => {
  let corner: Isolated;
  let api: RunningApi;
  let config: ReturnType<typeof loadConfig>;

  beforeAll(async () => {
    corner = await isolated();
    config = loadConfig({
      env: {
        LEDGERLINE_INSTANCE_PORT: String(await freePortBlock(12)),
        LEDGERLINE_CLOCK_MODE: 'virtual',
        LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
        LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
        LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
        LEDGERLINE_KAFKA_BROKERS: corner.kafkaBrokers.join(','),
        LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
        LEDGERLINE_REDIS_URL: corner.redisUrl,
        LEDGERLINE_REDIS_KEY_PREFIX: corner.redisPrefix,
        LEDGERLINE_TELEMETRY_LOG_LEVEL: 'silent',
      },
    });
    await migrateAll({ config, logger: createLogger({ service: 'spec', level: 'silent' }) });
    api = await startApi(config);
  }, 60_000);
  afterAll(async () => {
    await api.close();
    await corner.dispose();
  }, 30_000);

  async function send(method: string, path: string, body?: unknown) {
    const reply = await fetch(`${api.url}/api/v1${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  }
  async function create(path: string, body?: unknown) {
    const { status, body: created } = await send('POST', path, body);
    if (status >= 300) throw new Error(`${path}: ${JSON.stringify(created)}`);
    return created;
  }

  it('serve every operation of the documents in exactly one place', async () => {
    const { platform, clock } = await open(config, 'coverage', {});
    const app = await createHttpApp(AppModule.forRoot({ platform, clock }), {
      logger: platform.logger,
      bodyMaxBytes: config.billing.bodyMaxBytes,
      clock,
      validateReplies: false,
    });
    await app.init();
    try {
      expect(() => assertCoverage(boundOperations(app))).not.toThrow();
    } finally {
      await app.close();
      await platform.close();
    }
  }, 30_000);

  it('give a subscriber the entitlements of the plan, and take them back when it ends', async () => {
    await create('/meters', { slug: 'calls', aggregation: 'COUNT', eventType: 'call' });
    await create('/features', { key: 'calls', name: 'Calls', meterSlug: 'calls' });
    await create('/features', { key: 'flags', name: 'Flags' });
    const customer = await create('/customers', {
      key: 'acme',
      name: 'Acme',
      usageAttribution: { subjectKeys: ['acme-1'] },
    });
    const card = (key: string, rest: object) => ({
      type: 'usage_based',
      key,
      name: key,
      featureKey: key,
      billingCadence: 'P1M',
      price: null,
      ...rest,
    });
    const plan = await create('/plans', {
      key: 'pro',
      name: 'Pro',
      currency: 'USD',
      billingCadence: 'P1M',
      phases: [
        {
          key: 'default',
          name: 'Default',
          duration: null,
          rateCards: [
            card('calls', {
              price: { type: 'unit', amount: '10' },
              entitlementTemplate: { type: 'metered', issueAfterReset: 100, isSoftLimit: true },
            }),
            card('flags', { entitlementTemplate: { type: 'static', config: '"{\\"dark\\":true}"' } }),
          ],
        },
      ],
    });
    await create(`/plans/${plan.id}/publish`);
    const subscription = await create('/subscriptions', { customerKey: 'acme', plan: { key: 'pro' } });
    const expanded = (await send('GET', `/subscriptions/${subscription.id}`)).body;
    const [calls] = expanded.phases[0].itemTimelines.calls;
    expect(calls.included).toMatchObject({ feature: { key: 'calls' }, entitlement: { type: 'metered' } });

    const value = await send('GET', '/customers/acme/entitlements/calls/value');
    expect(value).toMatchObject({ status: 200, body: { hasAccess: true, balance: 100, usage: 0 } });
    expect((await send('GET', '/customers/acme/entitlements/flags/value')).body).toEqual({
      hasAccess: true,
      config: '{"dark":true}',
    });
    const subjectEntitlement = `/subjects/acme-1/entitlements/${calls.included.entitlement.id}`;
    expect((await send('DELETE', subjectEntitlement)).status).toBe(403);

    expect((await send('DELETE', '/meters/calls')).status).toBe(409);
    expect((await send('DELETE', '/features/calls')).status).toBe(400);
    expect((await send('DELETE', '/customers/acme')).status).toBe(409);

    expect((await send('POST', `/subscriptions/${subscription.id}/cancel`, {})).status).toBe(200);
    expect((await send('GET', '/customers/acme/entitlements/flags/value')).body).toMatchObject({
      hasAccess: false,
    });
    // The same offer again, at the very instant at which the first one ended.
    const second = await create('/subscriptions', { customerId: customer.id, plan: { key: 'pro' } });
    expect(second.status).toBe('active');
  });
});
