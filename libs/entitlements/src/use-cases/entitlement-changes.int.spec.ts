import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EntitlementsWorld } from '../../test/entitlements-world.js';

const now = '2025-06-15T12:00:30Z';
const monthly = { interval: 'MONTH', anchor: '2025-06-01T00:00:00Z' };

describe('resets, overrides, histories and lists over HTTP', () => {
  let world: EntitlementsWorld;
  let n = 0;
  let name: string;
  let v1: string;
  let v2: string;
  let customerId: string;
  beforeAll(async () => {
    world = await EntitlementsWorld.open(now);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    n += 1;
    name = `changes_${n}`;
    world.clock.set(now);
    ({ customerId } = await world.setUp(name));
    v1 = `/v1/subjects/${name}_subject/entitlements`;
    v2 = `/v2/customers/${name}-customer/entitlements`;
  });

  const metered = (more: Record<string, unknown> = {}) => ({
    type: 'metered',
    featureKey: name,
    usagePeriod: monthly,
    measureUsageFrom: '2025-06-01T00:00:00Z',
    ...more,
  });
  const use = (value: number, time: string) =>
    world.store([{ type: name, subject: `${name}_subject`, time, value }]);
  const value = () => world.done('GET', `${v2}/${name}/value`);

  describe('reset', () => {
    it('starts usage anew and moves the rhythm to itself', async () => {
      const { id } = await world.done('POST', v1, metered({ issueAfterReset: 100 }));
      await use(130, '2025-06-14T00:00:00Z');
      expect(await value()).toMatchObject({ balance: 0, usage: 130, overage: 30, hasAccess: false });
      const reset = await world.call('POST', `${v1}/${id}/reset`, { effectiveAt: '2025-06-15T11:59:59Z' });
      expect(reset).toEqual({ status: 204, body: undefined });
      expect(await value()).toMatchObject({ balance: 100, usage: 0, overage: 0, hasAccess: true });
      expect(await world.done('GET', `${v1}/${id}`)).toMatchObject({
        lastReset: '2025-06-15T11:59:00Z',
        currentUsagePeriod: { from: '2025-06-15T11:59:00Z', to: '2025-07-15T11:59:00Z' },
        usagePeriod: { anchor: '2025-06-01T00:00:00Z' },
      });
      await use(10, '2025-06-15T12:00:00Z');
      expect(await value()).toMatchObject({ balance: 90, usage: 10 });
    });

    it('keeps the rhythm and the overage where it is asked to', async () => {
      await world.done('POST', v2, metered({ issue: { amount: 100 } }));
      await use(130, '2025-06-14T00:00:00Z');
      const body = { retainAnchor: true, preserveOverage: true };
      expect((await world.call('POST', `${v2}/${name}/reset`, body)).status).toBe(204);
      expect(await value()).toMatchObject({ balance: 70, usage: 0, overage: 0 });
      const { currentUsagePeriod } = await world.done('GET', `${v2}/${name}`);
      expect(currentUsagePeriod).toEqual({ from: '2025-06-15T12:00:00Z', to: '2025-07-01T00:00:00Z' });
    });

    it('is refused in the future, before the period, before another reset, of what is not metered, and unknown', async () => {
      const { id } = await world.done('POST', v2, metered());
      const reset = (effectiveAt: string) => world.call('POST', `${v1}/${id}/reset`, { effectiveAt });
      expect((await reset('2025-06-15T12:02:00Z')).status).toBe(400);
      expect((await reset('2025-05-31T23:59:00Z')).status).toBe(400);
      expect((await reset('2025-06-10T00:00:00Z')).status).toBe(204);
      const before = await reset('2025-06-09T00:00:00Z');
      expect(before.status).toBe(400);
      expect(before.body.detail).toMatch(/current usage period start/);
      expect((await world.call('POST', `${v2}/nothing_here/reset`, {})).status).toBe(404);
      await world.done('DELETE', `${v2}/${name}`);
      await world.done('POST', v2, { type: 'boolean', featureKey: name });
      expect((await world.call('POST', `${v2}/${name}/reset`, {})).status).toBe(400);
    });

    it('makes one reset of two requests with one Idempotency-Key', async () => {
      const { id } = await world.done('POST', v2, metered());
      const headers = { 'Idempotency-Key': `reset-${name}` };
      const both = await Promise.all(
        [1, 2].map(() => world.call('POST', `${v2}/${name}/reset`, {}, headers)),
      );
      expect(both.map(({ status }) => status)).toEqual([204, 204]);
      const rows = await world.postgres.query('SELECT 1 FROM usage_resets WHERE entitlement_id = $1', [id]);
      expect(rows).toHaveLength(1);
      expect((await world.call('POST', `${v2}/${name}/reset`, { retainAnchor: true }, headers)).status).toBe(
        409,
      );
    });
  });

  describe('override', () => {
    it('ends the old one where the new one starts, and carries no grants over', async () => {
      const old = await world.done('POST', v2, metered({ issue: { amount: 5 } }));
      world.clock.set('2025-06-16T12:00:00Z');
      const body = metered({ issue: { amount: 50 }, measureUsageFrom: 'NOW' });
      const made = await world.call('PUT', `${v2}/${name}/override`, body);
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({ activeFrom: '2025-06-16T12:00:00Z', issue: { amount: 50 } });
      const ended = await world.done('GET', `/v2/entitlements/${old.id}`);
      expect(ended.activeTo).toBe('2025-06-16T12:00:00Z');
      expect(await value()).toMatchObject({ balance: 50, totalAvailableGrantAmount: 50 });
      const v1Made = await world.call('PUT', `${v1}/${made.body.id}/override`, {
        type: 'boolean',
        featureKey: name,
      });
      expect(v1Made.status).toBe(400); // it started at this very instant
      world.clock.set('2025-06-16T12:01:00Z');
      const plain = await world.call('PUT', `${v1}/${name}/override`, { type: 'boolean', featureKey: name });
      expect(plain).toMatchObject({ status: 201, body: { type: 'boolean' } });
    });

    it('needs the same feature, an active entitlement, and one that exists', async () => {
      const old = await world.done('POST', v2, metered());
      const other = `${name}_other`;
      await world.done('POST', '/v1/features', { key: other, name: other });
      world.clock.set('2025-06-16T12:00:00Z');
      const boolean = { type: 'boolean', featureKey: other };
      const refused = await world.call('PUT', `${v2}/${name}/override`, boolean);
      expect(refused.status).toBe(400);
      expect(refused.body.detail).toMatch(/different features/);
      expect((await world.call('PUT', `${v2}/${other}/override`, boolean)).status).toBe(404);
      await world.done('PUT', `${v2}/${name}/override`, { type: 'boolean', featureKey: name });
      const again = await world.call('PUT', `${v2}/${old.id}/override`, {
        type: 'boolean',
        featureKey: name,
      });
      expect(again.status).toBe(400);
      // Nothing of a refused override stays.
      expect((await world.done('GET', `${v2}/${name}`)).activeTo).toBeUndefined();
    });
  });

  describe('history', () => {
    it('tells windows and stretches, in any zone', async () => {
      world.clock.set('2025-06-03T00:00:00Z');
      await world.done('POST', v2, metered());
      const grant = (amount: number, effectiveAt: string) =>
        world.done('POST', `${v2}/${name}/grants`, { amount, effectiveAt });
      const first = await grant(100, '2025-06-01T00:00:00Z');
      const second = await grant(50, '2025-06-02T06:00:00Z');
      await use(30, '2025-06-01T10:00:00Z');
      await use(20, '2025-06-02T10:00:00Z');
      const history = await world.done('GET', `${v2}/${name}/history?windowSize=DAY`);
      expect(history.windowedHistory).toEqual([
        {
          period: { from: '2025-06-01T00:00:00Z', to: '2025-06-02T00:00:00Z' },
          usage: 30,
          balanceAtStart: 100,
        },
        {
          period: { from: '2025-06-02T00:00:00Z', to: '2025-06-03T00:00:00Z' },
          usage: 20,
          balanceAtStart: 70,
        },
      ]);
      expect(history.burndownHistory).toEqual([
        {
          period: { from: '2025-06-01T00:00:00Z', to: '2025-06-02T06:00:00Z' },
          usage: 30,
          overage: 0,
          balanceAtStart: 100,
          grantBalancesAtStart: { [first.id]: 100 },
          balanceAtEnd: 70,
          grantBalancesAtEnd: { [first.id]: 70 },
          grantUsages: [{ grantId: first.id, usage: 30 }],
        },
        expect.objectContaining({
          period: { from: '2025-06-02T06:00:00Z', to: '2025-06-03T00:00:00Z' },
          usage: 20,
          balanceAtStart: 120,
          grantBalancesAtStart: { [first.id]: 70, [second.id]: 50 },
          balanceAtEnd: 100,
        }),
      ]);
      const kolkata = await world.done(
        'GET',
        `${v2}/${name}/history?windowSize=DAY&windowTimeZone=Asia/Kolkata&from=2025-06-01T18:30:00Z`,
      );
      expect(kolkata.windowedHistory).toEqual([
        {
          period: { from: '2025-06-02T00:00:00+05:30', to: '2025-06-03T00:00:00+05:30' },
          usage: 20,
          balanceAtStart: 70,
        },
        {
          period: { from: '2025-06-03T00:00:00+05:30', to: '2025-06-04T00:00:00+05:30' },
          usage: 0,
          balanceAtStart: 100,
        },
      ]);
    });

    it('refuses unknown zones, a start before measurement and what is not metered, and starts at the last reset', async () => {
      const { id } = await world.done('POST', v1, metered());
      const history = (query: string) => world.call('GET', `${v1}/${id}/history?${query}`);
      expect((await history('windowSize=DAY&windowTimeZone=Mars/Olympus')).status).toBe(400);
      expect((await history('windowSize=DAY&from=2025-05-01T00:00:00Z')).status).toBe(400);
      expect((await history('windowSize=SECOND')).status).toBe(400);
      expect((await history('windowSize=MINUTE&to=2026-06-15T00:00:00Z')).status).toBe(400);
      await world.done('POST', `${v1}/${id}/reset`, { effectiveAt: '2025-06-14T00:00:00Z' });
      const { body } = await history('windowSize=DAY');
      expect(body.windowedHistory.map(({ period }: { period: { from: string } }) => period.from)).toEqual([
        '2025-06-14T00:00:00Z',
        '2025-06-15T00:00:00Z',
      ]);
    });
  });

  describe('lists over all customers', () => {
    it('filter by feature, owner and type, in both shapes', async () => {
      const { id } = await world.done('POST', v2, metered({ issue: { amount: 5 } }));
      const byFeature = await world.done('GET', `/v1/entitlements?feature=${name}`);
      expect(byFeature).toEqual([expect.objectContaining({ id, subjectKey: `${name}_subject` })]);
      const paged = await world.done('GET', `/v1/entitlements?subject=${name}_subject&page=1`);
      expect(paged).toMatchObject({ totalCount: 1, page: 1, pageSize: 100, items: [{ id }] });
      expect(await world.done('GET', `/v1/entitlements?subject=nobody`)).toEqual([]);
      expect(await world.done('GET', `/v1/entitlements?feature=${name}&entitlementType=boolean`)).toEqual([]);
      expect((await world.call('GET', '/v1/entitlements?entitlementType=magic')).status).toBe(400);
      expect((await world.call('GET', '/v1/entitlements?orderBy=magic')).status).toBe(400);
      for (const filter of [`customerIds=${customerId}`, `customerKeys=${name}-customer`]) {
        const found = await world.done('GET', `/v2/entitlements?${filter}`);
        expect(found).toMatchObject({ totalCount: 1, items: [{ id, customerId }] });
      }
      expect(await world.done('GET', `/v1/entitlements/${id}`)).toMatchObject({ id });
      await world.done('DELETE', `${v2}/${name}`);
      expect((await world.call('GET', `/v1/entitlements/${id}`)).status).toBe(404);
      expect(await world.done('GET', `/v1/entitlements?feature=${name}`)).toEqual([]);
    });

    it('leave out what is over only when asked to', async () => {
      await world.done('POST', v2, metered());
      world.clock.set('2025-06-16T12:00:00Z');
      await world.done('PUT', `${v2}/${name}/override`, metered());
      expect(await world.done('GET', `/v1/entitlements?feature=${name}`)).toHaveLength(2);
      expect(await world.done('GET', `/v1/entitlements?feature=${name}&excludeInactive=true`)).toHaveLength(
        1,
      );
    });

    it('list grants by feature and customer', async () => {
      await world.done('POST', v2, metered());
      const grant = { amount: 7, effectiveAt: '2025-06-15T12:00:00Z' };
      const { id } = await world.done('POST', `${v2}/${name}/grants`, grant);
      expect(await world.done('GET', `/v1/grants?feature=${name}`)).toEqual([
        expect.objectContaining({ id }),
      ]);
      expect(await world.done('GET', `/v1/grants?subject=${name}_subject&pageSize=5`)).toMatchObject({
        totalCount: 1,
        pageSize: 5,
        items: [{ id }],
      });
      expect(await world.done('GET', `/v2/grants?customer=${name}-customer&orderBy=id`)).toMatchObject({
        totalCount: 1,
        items: [{ id }],
      });
      expect((await world.call('GET', '/v2/grants?customer=nobody')).status).toBe(404);
    });
  });
});
