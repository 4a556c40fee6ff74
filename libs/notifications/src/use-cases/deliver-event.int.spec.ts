import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock, type UnitOfWork } from '@ledgerline/kernel';
import { CONFIG, UNIT_OF_WORK } from '@ledgerline/platform';
import type { Config } from '@ledgerline/platform/config';
import { createSealer, newSealingKey } from '@ledgerline/platform/secrets';
import { Faults, Killed } from '../../test/faults.js';
import { NotificationsWorld } from '../../test/notifications-world.js';
import type { WebhookSender } from '../core/ports.js';
import { PostgresChannelStore } from '../store/postgres-channel-store.js';
import { WEBHOOK_SENDER } from '../tokens.js';
import { DeliverEvent } from './deliver-event.js';
import { DeliveryStores } from './resend-event.js';
import { SendWebhook } from './send-webhook.js';

const rules = '/v1/notification/rules';
const events = '/v1/notification/events';
const channels = '/v1/notification/channels';

describe('deliveries', () => {
  let world: NotificationsWorld;
  let n = 0;
  let name: string;
  let channel: any; // tidy: whatever the service answered
  let rule: any; // tidy: as above
  beforeAll(async () => {
    // Of another time than the machine's: deliveries must not care.
    world = await NotificationsWorld.open('2031-01-01T00:00:00Z');
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    n += 1;
    name = `deliver_${n}`;
    await world.query(`UPDATE notification_deliveries SET next_attempt_at = NULL`);
    world.receiver.forget();
    channel = await world.channel(name);
    rule = await world.rule({ type: 'invoice.created', channels: [channel.id] });
  });

  const raise = async (): Promise<string> => (await world.done('POST', `${rules}/${rule.id}/test`)).id;
  const status = async (id: string): Promise<any> /* tidy: as Answer */ =>
    (await world.done('GET', `${events}/${id}`)).deliveryStatus[0];
  const secondsFromNow = (text: string): number => (Date.parse(text) - Date.now()) / 1000;

  it('are tried again after 4xx and 5xx, under one id and signed anew, until one succeeds', async () => {
    world.receiver.willAnswer(500, 'broken');
    world.receiver.willAnswer(410, 'a NUL \0 in it');
    const id = await raise();
    await world.work();
    const first = await status(id);
    expect(first).toMatchObject({
      state: 'SENDING',
      reason: 'the receiver answered 500',
      attempts: [{ state: 'FAILED', response: { statusCode: 500, body: 'broken', url: channel.url } }],
    });
    expect(secondsFromNow(first.nextAttempt)).toBeGreaterThan(1);
    expect(secondsFromNow(first.nextAttempt)).toBeLessThanOrEqual(5);
    await world.passRetryPause();
    await world.work();
    const second = await status(id);
    expect(second.reason).toBe('the receiver answered 410');
    expect(secondsFromNow(second.nextAttempt)).toBeGreaterThan(200);
    await world.passRetryPause();
    await world.work();
    const last = await status(id);
    expect(last).toMatchObject({ state: 'SUCCESS', reason: '' });
    expect(last.nextAttempt).toBeUndefined();
    expect(last.attempts.map(({ state, response }: any) => [state, response.statusCode])).toEqual([
      ['SUCCESS', 200],
      ['FAILED', 410],
      ['FAILED', 500],
    ]);
    expect(world.receiver.refused).toEqual([]);
    expect(world.receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id, id]);
    expect(new Set(world.receiver.received.map(({ raw }) => raw)).size).toBe(1);
  });

  it('wait no longer than they may, and follow no redirect', async () => {
    world.receiver.willSaySilence();
    world.receiver.willAnswer(302, '', { location: `${world.receiver.url}/elsewhere` });
    const id = await raise();
    await world.work();
    expect((await status(id)).reason).toBe('no answer within 1000 ms');
    await world.passRetryPause();
    await world.work();
    expect((await status(id)).reason).toBe('the receiver answered 302');
    expect(world.receiver.received.map(({ path }) => path)).toEqual([`/${name}`, `/${name}`]);
  });

  it('are given up when attempts are exhausted, and can be resent', async () => {
    const id = await raise();
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      world.receiver.willAnswer(503);
      await world.passRetryPause();
      await world.work();
    }
    expect(await status(id)).toMatchObject({
      state: 'FAILED',
      reason: 'the receiver answered 503; attempts are exhausted',
    });
    expect(world.receiver.received).toHaveLength(8);
    await world.done('POST', `${events}/${id}/resend`, {});
    await world.work();
    const resent = await status(id);
    expect(resent.state).toBe('SUCCESS');
    expect(resent.attempts).toHaveLength(9);
  });

  it('end when channel or rule are gone', async () => {
    const body = { type: 'WEBHOOK', name, url: channel.url };
    const toDisabled = await raise();
    await world.done('PUT', `${channels}/${channel.id}`, { ...body, disabled: true });
    await world.work();
    expect(await status(toDisabled)).toMatchObject({ state: 'FAILED', reason: 'the channel is disabled' });
    expect((await world.call('POST', `${rules}/${rule.id}/test`)).status).toBe(400);
    await world.done('PUT', `${channels}/${channel.id}`, body);
    const ofDeleted = await raise();
    await world.call('DELETE', `${rules}/${rule.id}`);
    await world.work();
    expect(await status(ofDeleted)).toMatchObject({ state: 'FAILED', reason: 'the rule is deleted' });
    expect((await world.call('POST', `${events}/${ofDeleted}/resend`, {})).status).toBe(400);
    expect(world.receiver.received).toEqual([]);
  });

  it('a missing sealing key is a failed attempt that is tried again', async () => {
    const id = await raise();
    const { events: told, rules: said, deliveries } = world.get(DeliveryStores);
    const stranger = new PostgresChannelStore(createSealer(newSealingKey()));
    const deliver = new DeliverEvent(
      world.get<UnitOfWork>(UNIT_OF_WORK),
      new DeliveryStores(told, said, stranger, deliveries),
      world.get<WebhookSender>(WEBHOOK_SENDER),
      systemClock,
    );
    await world.work({ ...world.worker, deliver });
    const failed = await status(id);
    expect(failed.reason).toMatch(/sealed with a key that is not in secrets.keys/);
    await world.passRetryPause();
    await world.work();
    expect((await status(id)).state).toBe('SUCCESS');
  });

  it('reach no private address, whatever name leads there', async () => {
    const config = world.get<Config>(CONFIG);
    const closed: Config = {
      ...config,
      notifications: { ...config.notifications, allowPrivateAddresses: false },
    };
    const sender = new SendWebhook(closed, systemClock);
    const send = (url: string) =>
      sender.send(
        { ...channel, namespace: 'default', url, createdAt: undefined, updatedAt: undefined },
        { id: channel.id, body: '{}' },
      );
    for (const url of [
      channel.url,
      'https://localhost/',
      'https://169.254.169.254/latest',
      'https://[::1]/',
    ]) {
      const outcome = await send(url);
      expect(outcome.statusCode).toBeUndefined();
      expect(outcome.body).toMatch(/private or reserved|https/);
    }
    expect(world.receiver.received).toEqual([]);
  });

  it('survive a worker that is killed between any two awaits', async () => {
    for (let place = 1; ; place += 1) {
      world.receiver.forget();
      const id = await raise();
      const faults = new Faults();
      const stores = world.get(DeliveryStores);
      const mortal = new DeliverEvent(
        faults.around(world.get<UnitOfWork>(UNIT_OF_WORK)),
        new DeliveryStores(
          faults.around(stores.events),
          faults.around(stores.rules),
          faults.around(stores.channels),
          faults.around(stores.deliveries),
        ),
        faults.around(world.get<WebhookSender>(WEBHOOK_SENDER)),
        systemClock,
      );
      faults.killAt(place);
      const isKilled = await mortal.run('default', id, channel.id).then(
        () => false,
        (error: unknown) => {
          if (error instanceof Killed) return true;
          throw error;
        },
      );
      faults.off();
      // What the next worker finds once the attempt counts as lost.
      await world.passRetryPause();
      await world.work();
      const { state, attempts } = await status(id);
      expect([place, state]).toEqual([place, 'SUCCESS']);
      expect(attempts.length).toBeGreaterThan(0);
      const ids = world.receiver.received.map(({ headers }) => headers['webhook-id']);
      expect(ids.length).toBeGreaterThan(0);
      expect(ids.length).toBeLessThanOrEqual(2);
      expect(new Set(ids)).toEqual(new Set([id]));
      if (!isKilled) {
        expect(ids).toHaveLength(1);
        expect(place).toBeGreaterThan(15);
        return;
      }
    }
  });
});

describe('channels of an instance that allows no private addresses', () => {
  it.each([
    'http://example.com/',
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://169.254.169.254/',
    'https://[::1]/',
    'https://2130706433/',
  ])('are not made with %s', async (url) => {
    const world = await closedWorld;
    const { status, body } = await world.call('POST', channels, { type: 'WEBHOOK', name: 'x', url });
    expect(status).toBe(400);
    expect(body.extensions.validationErrors[0]).toMatchObject({
      code: 'channel_url_refused',
      field: '$.url',
    });
  });

  it('are not kept in clear either where nothing can seal them', async () => {
    const world = await closedWorld;
    const channel = { type: 'WEBHOOK', name: 'x', url: 'https://example.com/' };
    const { status, body } = await world.call('POST', channels, channel);
    expect([status, body.detail]).toEqual([501, 'notification channels need secrets.keys to be set']);
    expect(await world.query(`SELECT * FROM notification_channels`)).toEqual([]);
  });

  let closedWorld: Promise<NotificationsWorld>;
  beforeAll(() => {
    const env = { LEDGERLINE_NOTIFICATIONS_ALLOW_PRIVATE_ADDRESSES: 'false', LEDGERLINE_SECRETS_KEYS: '' };
    closedWorld = NotificationsWorld.open('2031-01-01T00:00:00Z', env);
    return closedWorld;
  });
  afterAll(async () => (await closedWorld).close());
});
