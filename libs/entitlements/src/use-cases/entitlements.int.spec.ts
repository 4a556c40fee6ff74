import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { floorToMinute, instant, newId, Temporal } from '@ledgerline/kernel';
import { EntitlementsWorld } from '../../test/entitlements-world.js';
import { foldGrants, isGrantFact } from '../core/fold-grants.js';
import { PostgresGrantStore } from '../store/postgres-grant-store.js';
import type { ItemEntitlement } from './write-for-subscription.js';

const now = '2025-06-15T12:00:30Z';
const monthly = { interval: 'MONTH', anchor: '2025-06-01T00:00:00Z' };

describe('entitlements over HTTP', () => {
  let world: EntitlementsWorld;
  let n = 0;
  let name: string;
  let v1: string;
  let v2: string;
  let customerId: string;
  let featureId: string;
  beforeAll(async () => {
    world = await EntitlementsWorld.open(now);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    n += 1;
    name = `requests_${n}`;
    world.clock.set(now);
    ({ customerId, featureId } = await world.setUp(name));
    v1 = `/v1/subjects/${name}_subject/entitlements`;
    v2 = `/v2/customers/${name}-customer/entitlements`;
  });

  const metered = (more: Record<string, unknown> = {}) => ({
    type: 'metered',
    featureKey: name,
    usagePeriod: monthly,
    ...more,
  });
  const grant = (more: Record<string, unknown> = {}) => ({
    amount: 100,
    effectiveAt: '2025-06-15T12:00:00Z',
    expiration: { duration: 'MONTH', count: 1 },
    ...more,
  });
  const use = (value: number | string, time = '2025-06-15T12:00:10Z', more = {}) =>
    world.store([{ type: name, subject: `${name}_subject`, time, value, ...more }]);

  it('burns one event from a grant of 100, alike in v1 and v2', async () => {
    await world.done('POST', v1, metered());
    await world.done('POST', `${v1}/${name}/grants`, grant());
    await use(1);
    const value = {
      hasAccess: true,
      balance: 99,
      usage: 1,
      overage: 0,
      totalAvailableGrantAmount: 100,
    };
    expect(await world.done('GET', `${v1}/${name}/value`)).toEqual(value);
    expect(await world.done('GET', `${v2}/${name}/value`)).toEqual(value);
    const access = await world.done('GET', `/v1/customers/${customerId}/access`);
    expect(access).toEqual({ entitlements: { [name]: value } });
    const one = await world.done('GET', `/v1/customers/${name}-customer/entitlements/${name}/value`);
    expect(one).toEqual(value);
  });

  it('counts usage of the running minute, of the own key as subject, and exactly', async () => {
    await world.done('POST', v2, metered());
    await world.done('POST', `${v2}/${name}/grants`, grant({ amount: 0.3 }));
    await use('0.1');
    await use('0.1', '2025-06-15T12:00:59Z', { subject: `${name}-customer` });
    await use('0.1', '2025-06-15T12:00:59Z', { subject: 'somebody else' });
    await use('5', '2025-06-15T12:01:00Z');
    const value = await world.done('GET', `${v2}/${name}/value`);
    expect(value).toMatchObject({ balance: 0.1, usage: 0.2, overage: 0, hasAccess: true });
    world.clock.set('2025-06-15T12:01:00.001Z');
    const later = await world.done('GET', `${v2}/${name}/value`);
    expect(later).toMatchObject({ balance: 0, usage: 5.2, overage: 4.9, hasAccess: false });
  });

  it('answers a metered entitlement in v1 and v2', async () => {
    const created = await world.call(
      'POST',
      v1,
      metered({
        metadata: { a: 'b' },
        measureUsageFrom: 'CURRENT_PERIOD_START',
        issueAfterReset: 10,
        issueAfterResetPriority: 6,
        isSoftLimit: true,
      }),
    );
    expect(created.status).toBe(201);
    const common = {
      id: expect.any(String),
      type: 'metered',
      featureId,
      featureKey: name,
      metadata: { a: 'b' },
      activeFrom: now,
      createdAt: now,
      updatedAt: now,
      isSoftLimit: true,
      issueAfterReset: 10,
      issueAfterResetPriority: 6,
      preserveOverageAtReset: false,
      measureUsageFrom: '2025-06-01T00:00:00Z',
      lastReset: '2025-06-01T00:00:00Z',
      usagePeriod: { interval: 'MONTH', intervalISO: 'P1M', anchor: '2025-06-01T00:00:00Z' },
      currentUsagePeriod: { from: '2025-06-01T00:00:00Z', to: '2025-07-01T00:00:00Z' },
    };
    expect(created.body).toEqual({ ...common, isUnlimited: false, subjectKey: `${name}_subject` });
    expect(await world.done('GET', v1)).toEqual([created.body]);
    expect(await world.done('GET', `${v1}/${created.body.id}`)).toEqual(created.body);
    const shown = {
      ...common,
      customerId,
      customerKey: `${name}-customer`,
      issue: { amount: 10, priority: 6 },
    };
    expect(await world.done('GET', `${v2}/${name}`)).toEqual(shown);
    expect(await world.done('GET', v2)).toEqual({ items: [shown], totalCount: 1, page: 1, pageSize: 100 });
    const [issued] = await world.done('GET', `${v1}/${name}/grants`);
    expect(issued).toMatchObject({
      amount: 10,
      priority: 6,
      effectiveAt: '2025-06-01T00:00:00Z',
      minRolloverAmount: 10,
      maxRolloverAmount: 10,
      annotations: { issueAfterReset: true },
      expiration: { duration: 'YEAR', count: 100 },
    });
  });

  it('restores the default grant at each reset, by calculation alone', async () => {
    await world.done(
      'POST',
      v2,
      metered({ issue: { amount: 10 }, measureUsageFrom: 'CURRENT_PERIOD_START' }),
    );
    await use(25);
    expect(await world.done('GET', `${v2}/${name}/value`)).toMatchObject({ balance: 0, overage: 15 });
    world.clock.set('2025-07-01T00:00:00Z');
    expect(await world.done('GET', `${v2}/${name}/value`)).toMatchObject({
      balance: 10,
      usage: 0,
      overage: 0,
    });
    const past = await world.done('GET', `${v1}/${name}/value?time=2025-06-20T00:00:00Z`);
    expect(past).toMatchObject({ usage: 25, overage: 15 });
  });

  it('answers static and boolean entitlements', async () => {
    const config = '{"limit":10}';
    const created = await world.done('POST', v2, {
      type: 'static',
      featureId,
      config,
      metadata: { x: 'y' },
      usagePeriod: { interval: 'P2W' },
    });
    expect(created).toMatchObject({
      type: 'static',
      config,
      metadata: { x: 'y' },
      usagePeriod: { interval: 'P2W', intervalISO: 'P2W', anchor: '2025-06-15T12:00:00Z' },
      currentUsagePeriod: { from: '2025-06-15T12:00:00Z', to: '2025-06-29T12:00:00Z' },
    });
    expect(await world.done('GET', `${v2}/${name}/value`)).toEqual({ hasAccess: true, config });
    expect((await world.call('POST', `${v2}/${name}/grants`, grant())).status).toBe(400);
    await world.done('DELETE', `${v2}/${name}`);
    const boolean = await world.done('POST', v1, {
      type: 'boolean',
      featureKey: name,
      metadata: { q: '22' },
    });
    expect(boolean).toMatchObject({ type: 'boolean', metadata: { q: '22' } });
    expect(await world.done('GET', `${v1}/${boolean.id}/value`)).toEqual({ hasAccess: true });
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['no feature', { featureKey: undefined }, 400],
    ['an unknown feature', { featureKey: 'nothing' }, 404],
    ['an unknown feature id', { featureId: newId() }, 404],
    ['no usage period', { usagePeriod: undefined }, 400],
    ['an interval below an hour', { usagePeriod: { interval: 'PT59M' } }, 400],
    ['an interval of nothing', { usagePeriod: { interval: 'P0D' } }, 400],
    ['an unknown type', { type: 'magic' }, 400],
    ['a config', { config: '{}' }, 400],
    ['a priority without issueAfterReset', { issueAfterResetPriority: 2 }, 400],
    ['an anchor in the year 0', { usagePeriod: { interval: 'DAY', anchor: '0000-01-01T00:00:00Z' } }, 400],
    [
      'usage from 100 years ago by the hour',
      { usagePeriod: { interval: 'PT1H' }, measureUsageFrom: '1925-01-01T00:00:00Z' },
      400,
    ],
    ['usage from the year 9999', { measureUsageFrom: '9999-12-31T00:00:00Z' }, 400],
  ])('refuses a metered entitlement with %s', async (_what, more, status) => {
    for (const path of [v1, v2]) {
      const answer = await world.call('POST', path, metered(more));
      expect([answer.status, answer.body.type]).toEqual([status, 'about:blank']);
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ['static without config', { type: 'static' }],
    ['static whose config is not JSON', { type: 'static', config: 'limit: 10' }],
    ['static with a measureUsageFrom', { type: 'static', config: '1', measureUsageFrom: 'NOW' }],
    ['boolean with a soft limit', { type: 'boolean', isSoftLimit: true }],
    [
      'grants beside issue',
      metered({ featureKey: undefined, issue: { amount: 1 }, grants: [{ amount: 1, effectiveAt: now }] }),
    ],
  ])('refuses %s', async (_what, body) => {
    expect((await world.call('POST', v2, { featureId, ...body })).status).toBe(400);
  });

  it('refuses a feature without a meter and an archived one', async () => {
    await world.done('POST', '/v1/features', { key: `${name}_plain`, name });
    const plain = await world.call('POST', v2, metered({ featureKey: `${name}_plain` }));
    expect([plain.status, plain.body.detail]).toEqual([400, 'Feature has no meter']);
    await world.done('DELETE', `/v1/features/${featureId}`);
    expect((await world.call('POST', v2, metered())).status).toBe(404);
    expect((await world.call('POST', v2, metered({ featureId }))).status).toBe(404);
  });

  it('resolves owners: 404 unknown, 412 deleted', async () => {
    expect((await world.call('POST', '/v1/subjects/nobody/entitlements', metered())).status).toBe(404);
    expect((await world.call('GET', '/v2/customers/nobody/entitlements')).status).toBe(404);
    await world.done('DELETE', `/v1/customers/${customerId}`);
    for (const path of [`/v2/customers/${customerId}/entitlements`, `/v1/customers/${customerId}/access`])
      expect((await world.call('GET', path)).status).toBe(412);
    expect((await world.call('GET', v1)).status).toBe(404);
  });

  it('allows one active entitlement per feature, also in a race', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => world.call('POST', at % 2 === 0 ? v1 : v2, metered())),
    );
    const created = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 409);
    expect([created.length, refused.length]).toEqual([1, 11]);
    for (const { body } of refused)
      expect(body.extensions).toEqual({ conflictingEntityId: created[0]!.body.id });
    await world.done('DELETE', `${v1}/${created[0]!.body.id}`);
    expect((await world.call('GET', `${v1}/${created[0]!.body.id}`)).status).toBe(404);
    expect((await world.call('POST', v2, metered())).status).toBe(201);
  });

  it('has a last defence in the database', async () => {
    await world.done('POST', v2, metered());
    await expect(
      world.postgres.query(
        `INSERT INTO entitlements SELECT (jsonb_populate_record(e, jsonb_build_object('id', $2::text))).*
         FROM entitlements e WHERE customer_id = $1`,
        [customerId, newId()],
      ),
    ).rejects.toThrow('entitlements_one_at_a_time');
  });

  it('does not show what belongs to another customer', async () => {
    const { id } = await world.done('POST', v2, metered());
    await world.setUp(`${name}_other`);
    const other = `/v2/customers/${name}_other-customer/entitlements/${id}`;
    expect((await world.call('GET', other)).status).toBe(404);
    expect((await world.call('DELETE', other)).status).toBe(404);
    expect(await world.done('GET', `${other}/value`)).toEqual({ hasAccess: false });
    const subject = `/v1/subjects/${name}_other_subject/entitlements/${id}`;
    expect((await world.call('GET', `${subject}/value`)).status).toBe(404);
  });

  it('answers an unknown entitlement: 404 in v1, no access in v2', async () => {
    expect((await world.call('GET', `${v1}/${name}/value`)).status).toBe(404);
    expect(await world.done('GET', `${v2}/${name}/value`)).toEqual({ hasAccess: false });
    expect(await world.done('GET', `/v1/customers/${customerId}/entitlements/${name}/value`)).toEqual({
      hasAccess: false,
    });
    expect(await world.done('GET', `/v1/customers/${customerId}/access`)).toEqual({ entitlements: {} });
    expect((await world.call('POST', `${v2}/${name}/grants`, grant())).status).toBe(404);
  });

  it('keeps what is used from being deleted', async () => {
    await world.done('POST', v2, metered());
    const customer = await world.call('DELETE', `/v1/customers/${customerId}`);
    expect([customer.status, customer.body.detail]).toEqual([409, expect.stringContaining('conflict error')]);
    await world.done('DELETE', `/v1/features/${featureId}`);
    expect((await world.call('DELETE', `/v1/meters/${name}`)).status).toBe(409);
    await world.done('DELETE', `${v2}/${name}`);
    await world.done('DELETE', `/v1/meters/${name}`);
    await world.done('DELETE', `/v1/customers/${customerId}`);
  });

  it('follows the filters of its feature', async () => {
    await world.done('POST', '/v1/features', {
      key: `${name}_gpt`,
      name,
      meterSlug: name,
      meterGroupByFilters: { model: 'gpt' },
    });
    for (const featureKey of [name, `${name}_gpt`])
      await world.done('POST', v2, metered({ featureKey, issue: { amount: 100 } }));
    await use(3, undefined, { model: 'gpt' });
    await use(4, undefined, { model: 'other' });
    const { entitlements } = await world.done('GET', `/v1/customers/${customerId}/access`);
    expect(entitlements).toMatchObject({ [name]: { usage: 7 }, [`${name}_gpt`]: { usage: 3 } });
  });

  describe('grants', () => {
    beforeEach(() => world.done('POST', v2, metered()));

    it('are answered in v1 and v2 with their own defaults', async () => {
      const body = grant({
        effectiveAt: '2025-06-15T12:00:59Z',
        recurrence: { interval: 'WEEK' },
        metadata: { a: 'b' },
      });
      const common = {
        id: expect.any(String),
        entitlementId: expect.any(String),
        amount: 100,
        effectiveAt: '2025-06-15T12:00:00Z',
        expiration: { duration: 'MONTH', count: 1 },
        expiresAt: '2025-07-15T12:00:00Z',
        minRolloverAmount: 0,
        recurrence: { interval: 'WEEK', intervalISO: 'P1W', anchor: '2025-06-15T12:00:00Z' },
        nextRecurrence: '2025-06-22T12:00:00Z',
        metadata: { a: 'b' },
        createdAt: now,
        updatedAt: now,
      };
      const first = await world.call('POST', `${v1}/${name}/grants`, body);
      expect([first.status, first.body]).toEqual([201, { ...common, maxRolloverAmount: 0 }]);
      const second = await world.call('POST', `${v2}/${name}/grants`, { ...body, priority: 3 });
      expect([second.status, second.body]).toEqual([201, { ...common, maxRolloverAmount: 100, priority: 3 }]);
      const endless = await world.done('POST', `${v2}/${name}/grants`, grant({ expiration: undefined }));
      expect(endless).not.toHaveProperty('expiresAt');
      const list = await world.done('GET', `${v2}/${name}/grants`);
      expect([list.totalCount, list.items]).toEqual([3, [first.body, second.body, endless]]);
      const page = await world.done('GET', `${v2}/${name}/grants?page=2&pageSize=2`);
      expect(page.items).toEqual([endless]);
      const cut = await world.done('GET', `${v2}/${name}/grants?limit=1&offset=1&order=DESC&orderBy=id`);
      expect(cut.items).toEqual([second.body]);
      const old = await world.done('GET', `${v1}/${name}/grants`);
      expect(old[2]).toMatchObject({
        expiration: { duration: 'YEAR', count: 100 },
        expiresAt: '2125-06-15T12:00:30Z',
      });
    });

    it.each<[string, Record<string, unknown>]>([
      ['an amount of 0', { amount: 0 }],
      ['a negative amount', { amount: -1 }],
      ['an effectiveAt before the current usage period', { effectiveAt: '2025-05-31T23:59:00Z' }],
      ['a recurrence below an hour', { recurrence: { interval: 'PT1M' } }],
      ['an expiration of a million years', { expiration: { duration: 'YEAR', count: 1001 } }],
      ['an effectiveAt in the year 9999', { effectiveAt: '9999-12-31T23:59:59Z' }],
      ['a priority of 256', { priority: 256 }],
    ])('are refused with %s', async (_what, more) => {
      for (const path of [v1, v2]) {
        const answer = await world.call('POST', `${path}/${name}/grants`, grant(more));
        expect([answer.status, answer.body.extensions.validationErrors[0].field]).toEqual([
          400,
          expect.stringMatching(/^\$\./),
        ]);
      }
    });

    it('v1 needs an expiration', async () => {
      const answer = await world.call('POST', `${v1}/${name}/grants`, grant({ expiration: undefined }));
      expect(answer.status).toBe(400);
    });

    it('come once for 50 parallel requests with one Idempotency-Key', async () => {
      const headers = { 'idempotency-key': `topup-${n}` };
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => world.call('POST', `${v2}/${name}/grants`, grant(), headers)),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect((await world.done('GET', `${v2}/${name}/grants`)).totalCount).toBe(1);
      world.clock.set('2025-06-30T00:00:00Z');
      const late = await world.call('POST', `${v2}/${name}/grants`, grant(), headers);
      expect(late.body).toEqual(answers[0]!.body);
      const other = await world.call('POST', `${v2}/${name}/grants`, grant({ amount: 101 }), headers);
      expect(other.status).toBe(409);
      expect((await world.done('GET', `${v2}/${name}/grants`)).totalCount).toBe(1);
    });

    it('come twice for two requests without a key', async () => {
      await world.done('POST', `${v2}/${name}/grants`, grant());
      await world.done('POST', `${v2}/${name}/grants`, grant());
      expect(await world.done('GET', `${v2}/${name}/value`)).toMatchObject({ balance: 200 });
    });

    it.each([
      ['now', '', 204],
      ['the current minute', '?at=2025-06-15T12:00:00Z', 204],
      ['one hour ahead', '?at=2025-06-15T13:00:30Z', 400],
      ['before the current period', '?at=2020-01-01T00:00:00Z', 400],
    ])('are voided at %s', async (_what, query, status) => {
      const { id } = await world.done('POST', `${v2}/${name}/grants`, grant());
      const answer = await world.call('DELETE', `/v1/grants/${id}${query}`);
      expect(answer.status).toBe(status);
      if (status !== 204) return;
      expect(await world.done('GET', `${v2}/${name}/value`)).toMatchObject({ balance: 0, hasAccess: false });
      const [listed] = await world.done('GET', `${v1}/${name}/grants`);
      expect(listed.voidedAt).toBe('2025-06-15T12:00:00Z');
      expect((await world.call('DELETE', `/v1/grants/${id}`)).status).toBe(400);
      expect((await world.call('DELETE', `/v1/grants/${newId()}`)).status).toBe(404);
    });

    it('keep within what a request may compute', async () => {
      await world.done('POST', `${v2}/${name}/grants`, grant({ recurrence: { interval: 'PT1H' } }));
      const answer = await world.call('GET', `${v1}/${name}/value?time=9999-12-31T23:59:59Z`);
      expect([answer.status, answer.body.detail]).toEqual([
        400,
        expect.stringContaining('resets and recurrences'),
      ]);
    });
  });

  it('starts with the grants that come with it, and names the one that is wrong', async () => {
    const grants = [
      { amount: 5, effectiveAt: now },
      { amount: 0, effectiveAt: now },
    ];
    const refused = await world.call('POST', v2, metered({ grants }));
    expect([refused.status, refused.body.extensions.validationErrors[0].field]).toEqual([
      400,
      '$.grants[1].amount',
    ]);
    await world.done('POST', v2, metered({ grants: grants.slice(0, 1) }));
    expect(await world.done('GET', `${v2}/${name}/value`)).toMatchObject({ balance: 5 });
  });

  it('counts distinct values and levels as their meters say', async () => {
    for (const aggregation of ['UNIQUE_COUNT', 'LATEST', 'COUNT']) {
      const key = `${name}_${aggregation.toLowerCase()}`;
      await world.done('POST', '/v1/meters', {
        slug: key,
        eventType: name,
        aggregation,
        ...(aggregation === 'COUNT' ? {} : { valueProperty: '$.value' }),
      });
      await world.done('POST', '/v1/features', { key, name, meterSlug: key });
      await world.done('POST', v2, metered({ featureKey: key, issue: { amount: 100 } }));
    }
    await use(7);
    await use(9, '2025-06-15T12:00:12Z');
    await use(7, '2025-06-15T12:00:13Z');
    const { entitlements } = await world.done('GET', `/v1/customers/${customerId}/access`);
    expect(entitlements).toMatchObject({
      [`${name}_unique_count`]: { usage: 2, balance: 98 },
      [`${name}_latest`]: { usage: 7, balance: 93 },
      [`${name}_count`]: { usage: 3, balance: 97 },
    });
  });

  describe('of a subscription', () => {
    const item = (more: Partial<ItemEntitlement> = {}): ItemEntitlement => ({
      customerId,
      subscriptionId: newId(),
      itemId: newId(),
      featureId,
      featureKey: name,
      template: {
        type: 'metered',
        isSoftLimit: false,
        issueAfterReset: undefined,
        usagePeriod: Temporal.Duration.from('P1M'),
      },
      activeFrom: instant(now),
      usagePeriodAnchor: floorToMinute(instant(now)),
      measureUsageFrom: floorToMinute(instant(now)),
      ...more,
    });
    const create = (of: ItemEntitlement) =>
      world.unitOfWork.run({ namespace: 'default', actor: 'spec' }, (tx) =>
        world.writer.createForItem(tx, of),
      );
    const end = (id: string, at: string | undefined) =>
      world.unitOfWork.run({ namespace: 'default', actor: 'spec' }, (tx) =>
        world.writer.endForItem(tx, id, at === undefined ? undefined : instant(at)),
      );
    const idOf = (decided: Awaited<ReturnType<typeof create>>): string => {
      if (decided.refused !== undefined) throw new Error(decided.refused.detail);
      return decided.accepted.entitlementId;
    };

    it('is not for users to change: 403', async () => {
      const id = idOf(await create(item()));
      const attempts = [
        world.call('DELETE', `${v1}/${id}`),
        world.call('DELETE', `${v2}/${name}`),
        world.call('POST', `${v1}/${name}/grants`, grant()),
        world.call('POST', `${v2}/${name}/grants`, grant()),
      ];
      for (const { status, body } of await Promise.all(attempts))
        expect([status, body.detail]).toEqual([403, 'entitlement is managed by subscription']);
      const shown = await world.done('GET', `${v2}/${name}`);
      expect(shown.annotations).toMatchObject({ 'subscription.managed': true });
    });

    it('may be scheduled, follow another, and be ended', async () => {
      const first = idOf(await create(item({ activeTo: instant('2025-07-01T00:00:00Z') })));
      const next = idOf(await create(item({ activeFrom: instant('2025-07-01T00:00:00Z') })));
      expect(await world.done('GET', `${v2}/${next}/value`)).toEqual({ hasAccess: false });
      const refused = await create(item({ activeFrom: instant('2025-06-20T00:00:00Z') }));
      expect(refused.refused?.extensions).toEqual({ conflictingEntityId: first });
      expect((await end(first, undefined))?.kind).toBe('conflict');
      expect(await end(next, '2025-01-01T00:00:00Z')).toBeUndefined();
      expect(await end(first, undefined)).toBeUndefined();
      world.clock.set('2025-08-01T00:00:00Z');
      expect((await world.done('GET', `${v2}/${name}`)).id).toBe(first);
      expect((await world.done('GET', `${v2}/${next}`)).activeTo).toBe('2025-07-01T00:00:00Z');
    });
  });

  it('has a journal that tells the grants table', async () => {
    const { id } = await world.done('POST', v2, metered({ issue: { amount: 3 } }));
    const recurring = grant({ recurrence: { interval: 'PT36H' }, amount: 0.1 });
    const { id: voided } = await world.done('POST', `${v2}/${name}/grants`, recurring);
    await world.done('POST', `${v1}/${name}/grants`, grant({ priority: 9, minRolloverAmount: 1.5 }));
    world.clock.set('2025-06-15T12:07:08.009Z');
    await world.done('DELETE', `/v1/grants/${voided}`);
    world.clock.set('2025-06-16T12:07:08.009Z');
    await world.done('DELETE', `${v2}/${id}`);
    const journal: { type: string; data: unknown }[] = await world.postgres.query(
      `SELECT type, data FROM journal WHERE stream LIKE 'entitlement:%' ORDER BY position`,
    );
    const folded = foldGrants(journal.filter(isGrantFact));
    const owners: { entitlement_id: string }[] = await world.postgres.query(
      'SELECT DISTINCT entitlement_id FROM grants',
    );
    const stored = await new PostgresGrantStore().findOf(
      world.unitOfWork.reader('default'),
      owners.map(({ entitlement_id: owner }) => owner),
    );
    const inOrder = (grants: Iterable<{ id: string }>) =>
      [...grants].sort((a, b) => (a.id < b.id ? -1 : 1)).map((one) => JSON.stringify(one));
    expect(stored.length).toBeGreaterThan(20);
    expect(inOrder(folded.values())).toEqual(inOrder(stored));
    const types = journal.map(({ type }) => type).slice(-6);
    expect(types).toEqual([
      'EntitlementCreated',
      'GrantCreated',
      'GrantCreated',
      'GrantCreated',
      'GrantVoided',
      'EntitlementDeleted',
    ]);
  });
});
