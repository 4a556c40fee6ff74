import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, instant, type UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Faults, Killed } from '../../test/faults.js';
import { NotificationsWorld } from '../../test/notifications-world.js';
import type { EntitlementViews, RuleStore, WatchStore } from '../core/ports.js';
import { ENTITLEMENT_VIEWS, RULE_STORE, WATCH_STORE } from '../tokens.js';
import { EvaluateEntitlement } from './evaluate-entitlement.js';
import { RaiseEvent } from './raise-event.js';

const now = '2025-06-15T12:00:30Z';

let world: NotificationsWorld;
let n = 0;
let name: string;
let v2: string;
let channelId: string;
beforeAll(async () => {
  world = await NotificationsWorld.open(now);
});
afterAll(() => world.close());
beforeEach(async () => {
  n += 1;
  name = `watch_${n}`;
  await world.work();
  // Rules of the specs before would be told too.
  await world.query(`UPDATE notification_rules SET disabled = true, awake_since = NULL`);
  await world.query(`DELETE FROM notification_watches`);
  world.world.clock.set(now);
  await world.setUp(name);
  v2 = `/v2/customers/${name}-customer/entitlements`;
  channelId = (await world.channel(name)).id;
  world.receiver.forget();
});

const metered = (more: Record<string, unknown> = {}) => ({
  type: 'metered',
  featureKey: name,
  usagePeriod: { interval: 'MONTH', anchor: '2025-06-01T00:00:00Z' },
  measureUsageFrom: '2025-06-01T00:00:00Z',
  ...more,
});
const entitle = (more: Record<string, unknown> = {}) => world.done('POST', v2, metered(more));
const grant = (more: Record<string, unknown>) => world.done('POST', `${v2}/${name}/grants`, more);
const thresholdRule = (
  thresholds: readonly (readonly [string, number])[],
  more: Record<string, unknown> = {},
) =>
  world.rule({
    type: 'entitlements.balance.threshold',
    channels: [channelId],
    thresholds: thresholds.map(([type, value]) => ({ type, value })),
    ...more,
  });
const resetRule = (more: Record<string, unknown> = {}) =>
  world.rule({ type: 'entitlements.reset', channels: [channelId], ...more });
/** The thresholds told, oldest first. */
const toldBy = async (ruleId: string): Promise<string[]> =>
  (await world.eventsOf(ruleId)).map(({ payload }) => {
    const { threshold, value, entitlement } = payload.data;
    return threshold === undefined
      ? `reset ${entitlement.currentUsagePeriod.from} ${value.balance}`
      : `${threshold.type} ${threshold.value}: ${value.balance}/${value.usage}`;
  });
/** Whoever hears of usage calls this. */
const looked = (entitlementId: string) =>
  world
    .get(EvaluateEntitlement)
    .run('default', entitlementId)
    .then(() => world.work());

const evaluateWith = (faults: Faults, views: EntitlementViews) =>
  new EvaluateEntitlement(
    faults.around(world.get<UnitOfWork>(UNIT_OF_WORK)),
    world.get<Clock>(CLOCK),
    faults.around(world.get<RuleStore>(RULE_STORE)),
    faults.around(world.get<WatchStore>(WATCH_STORE)),
    faults.around(views),
    faults.around(world.get(RaiseEvent)),
  );

describe('balance thresholds', () => {
  it('are told once per level, and again when another level is the highest', async () => {
    const rule = await thresholdRule([
      ['PERCENT', 95],
      ['NUMBER', 1000],
    ]);
    const entitlement = await entitle({ issue: { amount: 100 } });
    await world.work();
    const use = async (value: number) => {
      await world.use(name, '2025-06-15T11:00:00Z', value);
      await looked(entitlement.id);
    };
    await use(50);
    expect(await toldBy(rule.id)).toEqual([]);
    await use(46);
    await looked(entitlement.id);
    await use(1);
    await grant({ amount: 2001, effectiveAt: '2025-06-15T12:00:00Z' });
    await world.work();
    expect(await toldBy(rule.id)).toEqual(['PERCENT 95: 4/96']);
    await use(999);
    await use(1000);
    expect(await toldBy(rule.id)).toEqual([
      'PERCENT 95: 4/96',
      'NUMBER 1000: 1005/1096',
      'PERCENT 95: 5/2096',
    ]);
    await grant({ amount: 1000, effectiveAt: '2025-06-15T12:00:00Z' });
    await world.work();
    expect((await toldBy(rule.id)).at(-1)).toBe('NUMBER 1000: 1005/2096');
    // A worker that starts anew looks again and has nothing new to say.
    await world.query(`UPDATE notification_watches SET asked_at = now()`);
    await world.work();
    expect(await toldBy(rule.id)).toHaveLength(4);
    expect(world.receiver.received).toHaveLength(4);
    expect(world.receiver.refused).toEqual([]);
  });

  it('tell everything of the entitlement, and are found by it', async () => {
    const rule = await thresholdRule([['balance_value', 10]], { features: [name] });
    const entitlement = await entitle({ issue: { amount: 100 } });
    await world.use(name, '2025-06-15T11:00:00Z', 95);
    await looked(entitlement.id);
    const [event] = await world.eventsOf(rule.id);
    expect(event).toMatchObject({
      type: 'entitlements.balance.threshold',
      createdAt: now,
      payload: {
        id: event.id,
        type: 'entitlements.balance.threshold',
        timestamp: now,
        data: {
          entitlement: { id: entitlement.id, type: 'metered', subjectKey: `${name}_subject` },
          value: { balance: 5, usage: 95, overage: 0, hasAccess: true, totalAvailableGrantAmount: 100 },
          feature: { key: name, meterSlug: name },
          customer: { key: `${name}-customer` },
          subject: { key: `${name}_subject` },
          threshold: { type: 'balance_value', value: 10 },
        },
      },
      annotations: {
        'event.feature.key': name,
        'event.customer.key': `${name}-customer`,
        'event.subject.key': `${name}_subject`,
      },
    });
    expect(world.receiver.received[0]?.body).toEqual(event.payload);
    for (const query of [`feature=${name}`, `subject=${name}_subject`]) {
      const { items } = await world.done('GET', `/v1/notification/events?${query}`);
      expect(items.map(({ id }: { id: string }) => id)).toEqual([event.id]);
    }
  });

  it('concern rules that cover the feature and can reach somebody', async () => {
    const { id: other } = await world.channel(`${name}_off`, { disabled: true });
    const thresholds = [['usage_value', 1]] as const;
    const all = await thresholdRule(thresholds, { channels: [channelId, other] });
    const disabled = await thresholdRule(thresholds, { disabled: true });
    const unreachable = await thresholdRule(thresholds, { channels: [other] });
    await world.done('POST', '/v1/features', { key: `${name}_x`, name: 'x', meterSlug: name });
    const stranger = await thresholdRule(thresholds, { features: [`${name}_x`] });
    const entitlement = await entitle({ issue: { amount: 100 } });
    await world.use(name, '2025-06-15T11:00:00Z', 5);
    await looked(entitlement.id);
    expect(await toldBy(all.id)).toEqual(['usage_value 1: 95/5']);
    for (const { id } of [disabled, unreachable, stranger]) expect(await world.eventsOf(id)).toEqual([]);
    const [event] = await world.eventsOf(all.id);
    expect(event.deliveryStatus).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ channel: { id: channelId, type: 'WEBHOOK' }, state: 'SUCCESS' }),
        expect.objectContaining({
          channel: { id: other, type: 'WEBHOOK' },
          state: 'FAILED',
          reason: 'the channel is disabled',
        }),
      ]),
    );
  });

  it('are told once by many looks at the same time', async () => {
    const rule = await thresholdRule([['usage_value', 1]]);
    const entitlement = await entitle({ issue: { amount: 100 } });
    await world.use(name, '2025-06-15T11:00:00Z', 5);
    await Promise.all(
      Array.from({ length: 8 }, () => world.get(EvaluateEntitlement).run('default', entitlement.id)),
    );
    expect(await toldBy(rule.id)).toEqual(['usage_value 1: 95/5']);
  });

  it('are not told by a look that another one has overtaken', async () => {
    const rule = await thresholdRule([
      ['PERCENT', 95],
      ['NUMBER', 1000],
    ]);
    const entitlement = await entitle({ issue: { amount: 100 } });
    await world.use(name, '2025-06-15T11:00:00Z', 96);
    const views = world.get<EntitlementViews>(ENTITLEMENT_VIEWS);
    let isFirst = true;
    const slow: EntitlementViews = {
      at: async (...place) => {
        const view = await views.at(...place);
        if (isFirst) {
          isFirst = false;
          await world.use(name, '2025-06-15T11:30:00Z', 1000);
          await world.get(EvaluateEntitlement).run('default', entitlement.id);
        }
        return view;
      },
    };
    await evaluateWith(new Faults(), slow).run('default', entitlement.id);
    expect(await toldBy(rule.id)).toEqual(['NUMBER 1000: 0/1096']);
  });

  it('end with the entitlement', async () => {
    const rule = await thresholdRule([['usage_value', 1]]);
    const entitlement = await entitle({ issue: { amount: 100 } });
    await world.work();
    await world.use(name, '2025-06-15T11:00:00Z', 5);
    expect((await world.call('DELETE', `${v2}/${entitlement.id}`)).status).toBe(204);
    await looked(entitlement.id);
    expect(await world.eventsOf(rule.id)).toEqual([]);
    expect(await world.query(`SELECT * FROM notification_watches`)).toEqual([]);
  });
});

describe('changes by time alone', () => {
  it('a grant’s start and end are told when they happen, by the clock', async () => {
    const rule = await thresholdRule([
      ['balance_value', 50],
      ['balance_value', 0],
    ]);
    await entitle();
    await grant({
      amount: 40,
      effectiveAt: '2025-06-16T00:00:00Z',
      expiration: { duration: 'DAY', count: 1 },
    });
    await world.use(name, '2025-06-15T11:00:00Z', 10);
    await world.moveTo('2025-06-15T23:59:00Z');
    // Overage of 10, before anything was granted.
    expect(await toldBy(rule.id)).toEqual(['balance_value 0: 0/10']);
    await world.moveTo('2025-06-18T00:00:00Z');
    const events = await world.eventsOf(rule.id);
    expect(await toldBy(rule.id)).toEqual([
      'balance_value 0: 0/10',
      'balance_value 50: 30/10',
      'balance_value 0: 0/10',
    ]);
    expect(events.map(({ createdAt }) => createdAt)).toEqual([
      now,
      '2025-06-16T00:00:00Z',
      '2025-06-17T00:00:00Z',
    ]);
  });

  it('each period’s end is told once, with the balance of its instant', async () => {
    const rule = await resetRule();
    await entitle({ issue: { amount: 100 } });
    await world.use(name, '2025-06-20T00:00:00Z', 30);
    await world.moveTo('2025-09-02T00:00:00Z');
    await world.work();
    expect(await toldBy(rule.id)).toEqual([
      'reset 2025-07-01T00:00:00Z 100',
      'reset 2025-08-01T00:00:00Z 100',
      'reset 2025-09-01T00:00:00Z 100',
    ]);
    const [first] = await world.eventsOf(rule.id);
    expect(first).toMatchObject({ createdAt: '2025-07-01T00:00:00Z', type: 'entitlements.reset' });
  });

  it('a worker that was away tells each of them in order', async () => {
    const rule = await resetRule();
    await entitle({ issue: { amount: 100 } });
    world.world.clock.set('2025-09-02T00:00:00Z');
    await world.work();
    expect((await toldBy(rule.id)).map((text) => text.slice(6, 16))).toEqual([
      '2025-07-01',
      '2025-08-01',
      '2025-09-01',
    ]);
  });

  it('nothing is due where nobody would be told', async () => {
    await entitle({ issue: { amount: 100 } });
    await world.work();
    const watches = world.get<WatchStore>(WATCH_STORE);
    const nextDueAt = () => watches.nextDueAt(world.world.unitOfWork.reader('default'));
    expect(await nextDueAt()).toBeUndefined();
    world.world.clock.set('2025-07-02T00:00:00Z');
    const rule = await resetRule();
    await world.work();
    expect((await nextDueAt())?.toString()).toBe('2025-08-01T00:00:00Z');
    expect(await toldBy(rule.id)).toEqual([]);
  });
});

describe('resets by hand', () => {
  it('are told once per rule and period, whatever else was told in it', async () => {
    const thresholds = await thresholdRule([['usage_value', 1]]);
    const rule = await resetRule();
    world.world.clock.set('2025-06-10T00:00:00Z');
    const entitlement = await entitle({ issue: { amount: 100 } });
    world.world.clock.set(now);
    await world.use(name, '2025-06-14T00:00:00Z', 30);
    await looked(entitlement.id);
    const reset = (effectiveAt: string) => world.done('POST', `${v2}/${name}/reset`, { effectiveAt });
    await reset('2025-06-15T11:00:00Z');
    await world.work();
    expect(await toldBy(rule.id)).toEqual(['reset 2025-06-15T11:00:00Z 100']);
    // Two before anybody looks: both are told.
    await reset('2025-06-15T11:30:00Z');
    await reset('2025-06-15T12:00:00Z');
    await world.work();
    await looked(entitlement.id);
    expect((await toldBy(rule.id)).map((text) => text.slice(17, 22))).toEqual(['11:00', '11:30', '12:00']);
    expect(await toldBy(thresholds.id)).toEqual(['usage_value 1: 70/30']);
  });
});

describe('a worker that is killed between any two awaits', () => {
  it('loses no event and tells none twice', async () => {
    for (let place = 1; ; place += 1) {
      await world.query(`UPDATE notification_rules SET disabled = true, awake_since = NULL`);
      await world.query(`DELETE FROM notification_watches`);
      world.world.clock.set(now);
      world.receiver.forget();
      channelId = (await world.channel(`${name}_${place}`)).id;
      const thresholds = await thresholdRule([['usage_value', 1]]);
      const resets = await resetRule();
      const old = await world.done('GET', v2);
      for (const { id } of old.items) await world.done('DELETE', `${v2}/${id}`);
      const entitlement = await entitle({ issue: { amount: 100 } });
      if (place === 1) await world.use(name, '2025-06-15T11:00:00Z', 5);
      while (await world.tell());
      world.world.clock.set('2025-07-01T00:00:00Z');
      const isKilled = await killedAt(place, entitlement.id);
      await world.work();
      expect([place, await toldBy(thresholds.id)]).toEqual([place, ['usage_value 1: 95/5']]);
      expect([place, await toldBy(resets.id)]).toEqual([place, ['reset 2025-07-01T00:00:00Z 100']]);
      expect(world.receiver.received).toHaveLength(2);
      if (!isKilled) {
        expect(place).toBeGreaterThan(20);
        return;
      }
    }
  }, 120_000);

  async function killedAt(place: number, entitlementId: string): Promise<boolean> {
    const faults = new Faults();
    const evaluate = evaluateWith(faults, world.get<EntitlementViews>(ENTITLEMENT_VIEWS));
    faults.killAt(place);
    try {
      await evaluate.runDue('default', entitlementId);
      return false;
    } catch (error) {
      if (error instanceof Killed) return true;
      throw error;
    } finally {
      faults.off();
    }
  }
});

describe('invoices', () => {
  it('tell rules of their type once per change', async () => {
    await world.bootstrapBilling();
    const created = await world.rule({ type: 'invoice.created', channels: [channelId] });
    const updated = await world.rule({ type: 'invoice.updated', channels: [channelId] });
    const { items } = await world.done('GET', `/v1/customers?key=${name}-customer`);
    const [{ id: customerId }] = items;
    await world.done('POST', `/v1/billing/customers/${customerId}/invoices/pending-lines`, {
      currency: 'USD',
      lines: [
        {
          name: 'fee',
          invoiceAt: '2025-06-15T00:00:00Z',
          period: { from: '2025-06-01T00:00:00Z', to: '2025-06-15T00:00:00Z' },
          price: { type: 'flat', amount: '10' },
        },
      ],
    });
    await world.work();
    // Pending lines are no invoice yet.
    expect(await world.eventsOf(created.id)).toEqual([]);
    const [invoice] = await world.done('POST', '/v1/billing/invoices/invoice', { customerId });
    await world.work();
    const [event, ...others] = await world.eventsOf(created.id);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      type: 'invoice.created',
      payload: { type: 'invoice.created', data: { id: invoice.id, lines: [{ name: 'fee' }] } },
      annotations: { 'event.invoice.id': invoice.id, 'event.customer.id': customerId },
    });
    const changes = await world.query<{ type: string }>(
      `SELECT type FROM journal WHERE stream = $1 AND type <> 'InvoiceCreated' ORDER BY position`,
      [`invoice:${invoice.id}`],
    );
    expect(changes.length).toBeGreaterThan(0);
    expect(await world.eventsOf(updated.id)).toHaveLength(changes.length);
    expect(world.receiver.received.map(({ body }) => body.type)).toContain('invoice.updated');
    expect(instant(event.createdAt).toString()).toBe(now);
  });
});
