import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { NotificationsWorld } from '../../test/notifications-world.js';

const now = '2025-06-15T12:00:30Z';
const channels = '/v1/notification/channels';
const rules = '/v1/notification/rules';
const events = '/v1/notification/events';
const unknown = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

let world: NotificationsWorld;
let n = 0;
let name: string;
beforeAll(async () => {
  world = await NotificationsWorld.open(now);
});
afterAll(() => world.close());
beforeEach(async () => {
  n += 1;
  name = `http_${n}`;
  world.world.clock.set(now);
  await world.work();
  world.receiver.forget();
});

describe('channels over HTTP', () => {
  const body = () => ({ type: 'WEBHOOK', name, url: `${world.receiver.url}/${name}` });

  it('are made, read, changed and deleted', async () => {
    const made = await world.call('POST', channels, { ...body(), metadata: { team: 'a' } });
    expect(made).toMatchObject({
      status: 201,
      body: {
        ...body(),
        disabled: false,
        metadata: { team: 'a' },
        customHeaders: {},
        signingSecret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
        createdAt: now,
      },
    });
    const { id, signingSecret } = made.body;
    expect(await world.done('GET', `${channels}/${id}`)).toEqual(made.body);
    const changed = await world.done('PUT', `${channels}/${id}`, { ...body(), name: 'other' });
    expect(changed).toMatchObject({ name: 'other', signingSecret });
    expect(changed.metadata).toBeUndefined();
    const withSecret = await world.done('PUT', `${channels}/${id}`, { ...body(), signingSecret: secret });
    expect(withSecret.signingSecret).toBe(secret);
    expect((await world.call('DELETE', `${channels}/${id}`)).status).toBe(204);
    expect((await world.call('DELETE', `${channels}/${id}`)).status).toBe(204);
    expect(await world.done('GET', `${channels}/${id}`)).toMatchObject({ disabled: true, deletedAt: now });
    expect((await world.call('PUT', `${channels}/${id}`, body())).status).toBe(409);
    expect((await world.call('GET', `${channels}/${unknown}`)).status).toBe(404);
    expect((await world.call('DELETE', `${channels}/${unknown}`)).status).toBe(404);
  });

  it('hold no secret in any table', async () => {
    const headers = { Authorization: 'Bearer hush-hush' };
    const request = { ...body(), signingSecret: secret, customHeaders: headers };
    const key = { 'idempotency-key': `key-${n}` };
    const first = await world.call('POST', channels, request, key);
    expect(first.body).toMatchObject({ signingSecret: secret, customHeaders: headers });
    expect((await world.call('POST', channels, request, key)).body).toEqual(first.body);
    expect((await world.call('POST', channels, { ...request, name: 'x' }, key)).status).toBe(409);
    const tables = await world.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const table of tables) {
      const rows = await world.query<{ text: string }>(`SELECT t::text AS text FROM ${table.name} t`);
      const dump = rows.map(({ text }) => text).join('\n');
      expect(dump).not.toContain(secret.slice(6));
      expect(dump).not.toContain('hush-hush');
    }
  });

  it('are listed without those that are disabled or deleted', async () => {
    const a = await world.channel(`${name}_a`);
    const b = await world.channel(`${name}_b`, { disabled: true });
    const c = await world.channel(`${name}_c`);
    await world.call('DELETE', `${channels}/${c.id}`);
    const ids = async (query: string) =>
      (await world.done('GET', `${channels}?pageSize=1000&${query}`)).items
        .map(({ id }: { id: string }) => id)
        .filter((id: string) => [a.id, b.id, c.id].includes(id));
    expect(await ids('')).toEqual([a.id]);
    // The newest first.
    expect(await ids('includeDisabled=true')).toEqual([b.id, a.id]);
    expect(await ids('includeDisabled=true&order=ASC')).toEqual([a.id, b.id]);
    expect(await ids('includeDeleted=true')).toEqual([c.id, a.id]);
  });

  it.each([
    ['an address without a scheme', { url: 'example.com' }, 'channel_url_refused'],
    ['a user in the address', { url: 'https://a:b@example.com/' }, 'channel_url_refused'],
    ['a header of ours', { customHeaders: { 'webhook-id': '1' } }, 'channel_header_invalid'],
  ])('are refused with %s', async (_, changed, code) => {
    const { status, body: problem } = await world.call('POST', channels, { ...body(), ...changed });
    expect(status).toBe(400);
    expect(problem.extensions.validationErrors[0]).toMatchObject({ code });
  });

  it('that a rule names stay', async () => {
    const { id } = await world.channel(name);
    const rule = await world.rule({ type: 'invoice.created', channels: [id] });
    expect((await world.call('DELETE', `${channels}/${id}`)).status).toBe(400);
    await world.call('DELETE', `${rules}/${rule.id}`);
    expect((await world.call('DELETE', `${channels}/${id}`)).status).toBe(204);
  });
});

describe('rules over HTTP', () => {
  let channelId: string;
  beforeEach(async () => {
    channelId = (await world.channel(name)).id;
  });

  it.each([
    ['entitlements.balance.threshold', { thresholds: [{ type: 'PERCENT', value: 95.5 }] }],
    ['entitlements.reset', {}],
    ['invoice.created', {}],
    ['invoice.updated', {}],
  ])('of type %s are made, read, changed and deleted', async (type, more) => {
    const body = { type, name, channels: [channelId], ...more };
    const made = await world.call('POST', rules, body);
    const shown = { ...body, channels: [{ id: channelId, type: 'WEBHOOK' }], disabled: false };
    expect(made).toMatchObject({ status: 201, body: shown });
    const path = `${rules}/${made.body.id}`;
    expect(await world.done('GET', path)).toEqual(made.body);
    expect(await world.done('PUT', path, { ...body, name: 'other', disabled: true })).toMatchObject({
      name: 'other',
      disabled: true,
    });
    const otherType = type === 'invoice.created' ? 'invoice.updated' : 'invoice.created';
    expect((await world.call('PUT', path, { ...body, thresholds: undefined, type: otherType })).status).toBe(
      400,
    );
    expect((await world.call('DELETE', path)).status).toBe(204);
    expect(await world.done('GET', path)).toMatchObject({ deletedAt: now, disabled: true });
    expect((await world.call('PUT', path, body)).status).toBe(409);
    expect((await world.call('POST', `${path}/test`)).status).toBe(404);
  });

  it('name features by id or key, and refuse those that are not there', async () => {
    const { featureId } = await world.setUp(name);
    const body = { type: 'entitlements.reset', name, channels: [channelId] };
    const rule = await world.done('POST', rules, { ...body, features: [featureId] });
    expect(rule.features).toEqual([{ id: featureId, key: name }]);
    expect((await world.done('POST', rules, { ...body, features: [name] })).features).toEqual([
      { id: featureId, key: name },
    ]);
    const listed = await world.done('GET', `${rules}?feature=${name}&channel=${channelId}`);
    expect(listed.totalCount).toBe(1);
    const { status, body: problem } = await world.call('POST', rules, { ...body, features: ['nowhere'] });
    expect(status).toBe(400);
    expect(problem.extensions.validationErrors[0].message).toBe('features not found: nowhere');
    expect((await world.call('POST', rules, { ...body, channels: [unknown] })).status).toBe(400);
  });

  it('are at most ten per channel, also when many are made at once', async () => {
    const body = { type: 'invoice.created', name, channels: [channelId] };
    const made = await Promise.all(Array.from({ length: 15 }, () => world.call('POST', rules, body)));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(made.filter(({ status }) => status === 400)).toHaveLength(5);
  });
});

describe('tests of rules, events and resends over HTTP', () => {
  let channelId: string;
  beforeEach(async () => {
    channelId = (await world.channel(name, { customHeaders: { 'x-team': 'blue' } })).id;
  });

  it.each([
    ['entitlements.balance.threshold', { thresholds: [{ type: 'PERCENT', value: 50 }] }],
    ['entitlements.reset', {}],
    ['invoice.created', {}],
    ['invoice.updated', {}],
  ])('a test of %s is really delivered, signed', async (type, more) => {
    const rule = await world.rule({ type, channels: [channelId], ...more });
    const tested = await world.call('POST', `${rules}/${rule.id}/test`);
    expect(tested).toMatchObject({
      status: 200,
      body: {
        type,
        rule: { id: rule.id },
        annotations: { 'notification.rule.test': true },
        deliveryStatus: [{ state: 'PENDING', channel: { id: channelId, type: 'WEBHOOK' }, attempts: [] }],
      },
    });
    await world.work();
    const [got] = world.receiver.received;
    expect(world.receiver.refused).toEqual([]);
    expect(got?.body).toEqual(tested.body.payload);
    expect(got?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-team': 'blue',
      'webhook-id': tested.body.id,
      'svix-id': tested.body.id,
    });
    expect(got?.headers['svix-signature']).toBe(got?.headers['webhook-signature']);
    expect(await world.done('GET', `${events}/${tested.body.id}`)).toMatchObject({
      deliveryStatus: [
        {
          state: 'SUCCESS',
          reason: '',
          attempts: [{ state: 'SUCCESS', response: { statusCode: 200, body: 'thanks' } }],
        },
      ],
    });
  });

  it('a disabled rule and an unknown one are not tested', async () => {
    const rule = await world.rule({ type: 'invoice.created', channels: [channelId], disabled: true });
    expect((await world.call('POST', `${rules}/${rule.id}/test`)).status).toBe(400);
    expect((await world.call('POST', `${rules}/${unknown}/test`)).status).toBe(404);
    expect(await world.eventsOf(rule.id)).toEqual([]);
  });

  it('events are found by time, subject, feature, rule and channel', async () => {
    const rule = await world.rule({ type: 'entitlements.reset', channels: [channelId] });
    const { id } = await world.done('POST', `${rules}/${rule.id}/test`);
    world.world.clock.set('2025-06-16T00:00:00Z');
    const later = await world.done('POST', `${rules}/${rule.id}/test`);
    const ids = async (query: string) =>
      (await world.done('GET', `${events}?rule=${rule.id}&${query}`)).items.map((event: any) => event.id);
    expect(await ids('')).toEqual([later.id, id]);
    expect(await ids('order=ASC')).toEqual([id, later.id]);
    expect(await ids('from=2025-06-15T13:00:00Z')).toEqual([later.id]);
    expect(await ids(`to=${now}`)).toEqual([id]);
    expect(await ids('subject=test-subject-1&feature=test_feature_1')).toHaveLength(2);
    expect(await ids('subject=somebody')).toEqual([]);
    expect(await ids(`channel=${channelId}`)).toHaveLength(2);
    expect(await ids(`channel=${unknown}`)).toEqual([]);
    expect((await world.call('GET', `${events}?from=${later.createdAt}&to=${now}`)).status).toBe(400);
    expect((await world.call('GET', `${events}/${unknown}`)).status).toBe(404);
    expect((await world.done('GET', `${events}/${later.id}`)).createdAt).toBe('2025-06-16T00:00:00Z');
  });

  it('a resend goes out again under the same id, to whom it is asked for', async () => {
    const other = await world.channel(`${name}_other`);
    const rule = await world.rule({ type: 'invoice.updated', channels: [channelId, other.id] });
    const { id } = await world.done('POST', `${rules}/${rule.id}/test`);
    await world.work();
    expect(world.receiver.received.map(({ path }) => path).sort()).toEqual([`/${name}`, `/${name}_other`]);
    const [first] = world.receiver.received.filter(({ path }) => path === `/${name}`);
    world.receiver.forget();
    const resend = (body: unknown) => world.call('POST', `${events}/${id}/resend`, body);
    expect(await resend({ channels: [channelId] })).toEqual({ status: 202, body: undefined });
    expect((await world.done('GET', `${events}/${id}`)).deliveryStatus).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          state: 'RESENDING',
          annotations: { 'event.resend.timestamp': expect.any(String) },
        }),
      ]),
    );
    await world.work();
    expect(
      world.receiver.received.map(({ path, headers, raw }) => [path, headers['webhook-id'], raw]),
    ).toEqual([[`/${name}`, id, first?.raw]]);
    expect((await resend({ channels: [unknown] })).status).toBe(400);
    await world.done('PUT', `${channels}/${other.id}`, {
      type: 'WEBHOOK',
      name,
      url: other.url,
      disabled: true,
    });
    expect((await resend({ channels: [other.id] })).status).toBe(400);
    world.receiver.forget();
    expect((await resend({})).status).toBe(202);
    await world.work();
    expect(world.receiver.received.map(({ path }) => path)).toEqual([`/${name}`]);
    expect((await world.call('POST', `${events}/${unknown}/resend`, {})).status).toBe(404);
  });
});
