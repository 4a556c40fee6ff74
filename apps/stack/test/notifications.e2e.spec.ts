// Who is told what, by the published client against a whole instance on a virtual clock, with a receiver that verifies signatures.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, NotYet, WebhookReceiver } from '@ledgerline/testkit';
import { isHTTPError, OpenMeter } from '@openmeter/sdk';
import { openInstance, type OwnInstance } from './own-instance.js';

jest.setTimeout(180_000);

type Notification = NonNullable<Awaited<ReturnType<OpenMeter['notifications']['events']['get']>>>;

let instance: OwnInstance;
let receiver: WebhookReceiver;
let om: OpenMeter;
let channelId: string;
const secrets = new Map<string, string>();

const here = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('an answer without a body');
  return value;
};

beforeAll(async () => {
  receiver = await WebhookReceiver.open((path) => secrets.get(path) ?? '');
  instance = await openInstance('notifications', {
    LEDGERLINE_CLOCK_MODE: 'virtual',
    LEDGERLINE_NOTIFICATIONS_ALLOW_PRIVATE_ADDRESSES: 'true',
  });
  om = new OpenMeter({ baseUrl: instance.baseUrl });
  await moveClock('2031-01-01T00:00:00Z');
});
afterAll(async () => {
  await instance.close();
  await receiver.close();
});

async function moveClock(now: string): Promise<void> {
  const reply = await fetch(`${instance.baseUrl}/api/ledgerline/v1/clock`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ now }),
  });
  if (!reply.ok) throw new Error(await reply.text());
}

/** What the receiver got of this type, once there is so much of it. */
const received = (type: string, count: number) =>
  eventually(
    () => {
      const got = receiver.received.filter(({ body }) => body.type === type);
      if (got.length < count) throw new NotYet({ got: got.length, refused: receiver.refused });
      return got;
    },
    { what: `${count} webhooks of ${type}`, deadlineMs: 30_000 },
  );

const untilDelivered = (id: string): Promise<Notification> =>
  eventually(
    async () => {
      const event = here(await om.notifications.events.get(id));
      if (event.deliveryStatus[0]?.state !== 'SUCCESS') throw new NotYet(event.deliveryStatus);
      return event;
    },
    { what: `event ${id} to be delivered`, deadlineMs: 30_000 },
  );

const channel = (name: string) =>
  ({ type: 'WEBHOOK', name, url: `${receiver.url}/${name}` }) as Parameters<
    OpenMeter['notifications']['channels']['create']
  >[0];

describe('notifications through the SDK', () => {
  it('keeps channels', async () => {
    const made = here(
      await om.notifications.channels.create({ ...channel('main'), customHeaders: { 'x-team': 'blue' } }),
    );
    channelId = made.id;
    secrets.set('/main', made.signingSecret ?? '');
    expect(made).toMatchObject({ name: 'main', disabled: false, customHeaders: { 'x-team': 'blue' } });
    expect(made.createdAt).toBeInstanceOf(Date);
    const updated = here(
      await om.notifications.channels.update(made.id, { ...channel('main'), name: 'first' }),
    );
    expect(updated).toMatchObject({ name: 'first', signingSecret: made.signingSecret });
    const spare = here(await om.notifications.channels.create(channel('spare')));
    await om.notifications.channels.delete(spare.id);
    expect(here(await om.notifications.channels.list()).items.map(({ id }) => id)).toEqual([made.id]);
    expect(here(await om.notifications.channels.get(spare.id)).deletedAt).toBeInstanceOf(Date);
  });

  it('keeps rules, and tests them', async () => {
    const made = here(
      await om.notifications.rules.create({
        type: 'entitlements.balance.threshold',
        name: 'low',
        channels: [channelId],
        thresholds: [{ type: 'usage_percentage', value: 80 }],
      }),
    );
    expect(here(await om.notifications.rules.get(made.id))).toEqual(made);
    // The client has no method for it.
    const tested = (await postJson(`/api/v1/notification/rules/${made.id}/test`)).body as { id: string };
    const [got] = await received('entitlements.balance.threshold', 1);
    expect(got?.headers['webhook-id']).toBe(tested.id);
    const event = await untilDelivered(tested.id);
    expect(event.annotations).toMatchObject({ 'notification.rule.test': true });
    await om.notifications.events.resend(tested.id, { channels: [channelId] });
    const again = await received('entitlements.balance.threshold', 2);
    expect(again.map(({ headers }) => headers['webhook-id'])).toEqual([tested.id, tested.id]);
    const listed = here(await om.notifications.events.list({ rule: [made.id] }));
    expect(listed.items.map(({ id }) => id)).toEqual([tested.id]);
    const error: unknown = await om.notifications.rules
      .get('01ARZ3NDEKTSV4RRFFQ69G5FAV')
      .catch((e: unknown) => e);
    expect(isHTTPError(error) && error.status).toBe(404);
  });

  it('a balance passes a threshold, and the clock alone resets it', async () => {
    const reset = here(
      await om.notifications.rules.create({
        type: 'entitlements.reset',
        name: 'fresh',
        channels: [channelId],
      }),
    );
    await om.meters.create({
      slug: 'tokens',
      eventType: 'prompt',
      aggregation: 'SUM',
      valueProperty: '$.tokens',
    });
    await om.features.create({ key: 'tokens', name: 'Tokens', meterSlug: 'tokens' });
    const customer = here(
      await om.customers.create({ name: 'Acme', key: 'acme', usageAttribution: { subjectKeys: ['acme-1'] } }),
    );
    await moveClock('2031-01-10T00:00:00Z');
    // Without a time the client would send the machine’s.
    await om.events.ingest({
      type: 'prompt',
      subject: 'acme-1',
      time: new Date('2031-01-10T00:00:00Z'),
      data: { tokens: 90 },
    });
    await eventually(
      async () => {
        const { data } = await om.meters.query('tokens');
        if (data[0]?.value !== 90) throw new NotYet(data);
        return true;
      },
      { what: 'the usage to be stored', deadlineMs: 30_000 },
    );
    // Usage of the very instant at which the clock stands is not past yet.
    await moveClock('2031-01-10T00:05:00Z');
    await postJson(`/api/v2/customers/${customer.id}/entitlements`, {
      type: 'metered',
      featureKey: 'tokens',
      usagePeriod: { interval: 'MONTH', anchor: '2031-01-01T00:00:00Z' },
      measureUsageFrom: '2031-01-01T00:00:00Z',
      issue: { amount: 100 },
    });
    const told = await received('entitlements.balance.threshold', 3);
    expect(told.at(-1)?.body.data).toMatchObject({
      value: { balance: 10, usage: 90 },
      threshold: { type: 'usage_percentage', value: 80 },
      customer: { key: 'acme' },
      subject: { key: 'acme-1' },
    });

    // The receiver is broken when the period ends: the clock does not wait for it, the retry comes by real time.
    receiver.willAnswer(500);
    await moveClock('2031-03-02T00:00:00Z');
    const events = here(await om.notifications.events.list({ rule: [reset.id], order: 'ASC' })).items;
    expect(events.map(({ createdAt }) => createdAt.toISOString())).toEqual([
      '2031-02-01T00:00:00.000Z',
      '2031-03-01T00:00:00.000Z',
    ]);
    const delivered = await Promise.all(events.map(({ id }) => untilDelivered(id)));
    const states = delivered.flatMap(({ deliveryStatus }) =>
      (deliveryStatus[0]?.attempts ?? []).map(({ response }) => response.statusCode),
    );
    expect(states.sort()).toEqual([200, 200, 500]);
    const resets = await received('entitlements.reset', 3);
    expect(resets.map(({ body }) => body.data.value.balance)).toEqual([100, 100, 100]);
    expect(new Set(resets.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    expect(receiver.refused).toEqual([]);
  });

  it('an invoice is told of when it is made and when it changes', async () => {
    for (const type of ['invoice.created', 'invoice.updated'] as const)
      await om.notifications.rules.create({ type, name: type, channels: [channelId] });
    const customer = here(await om.customers.get('acme'));
    const { body } = await postJson(`/api/v1/billing/customers/${customer.id}/invoices/pending-lines`, {
      currency: 'USD',
      lines: [
        {
          name: 'fee',
          invoiceAt: '2031-03-01T00:00:00Z',
          period: { from: '2031-02-01T00:00:00Z', to: '2031-03-01T00:00:00Z' },
          price: { type: 'flat', amount: '10' },
        },
      ],
    });
    expect(body).toMatchObject({ isInvoiceNew: true });
    const [created] = await received('invoice.created', 1);
    expect(created?.body.data).toMatchObject({ customer: { id: customer.id } });
    await moveClock('2031-03-20T00:00:00Z');
    const { id } = created?.body.data as { id: string };
    // A new draft is priced by its first step.
    const priced = await eventually(
      async () =>
        (await received('invoice.updated', 1)).find(({ body: sent }) => sent.data.totals.total === '10'),
      { what: 'the priced invoice', deadlineMs: 30_000 },
    );
    expect(priced.body.data.id).toBe(id);
    expect(receiver.received.filter(({ body: sent }) => sent.type === 'invoice.created')).toHaveLength(1);
  });
});

async function postJson(path: string, body?: unknown): Promise<{ body: unknown }> {
  const reply = await fetch(instance.baseUrl + path, {
    method: 'POST',
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!reply.ok) throw new Error(`POST ${path}: ${await reply.text()}`);
  return { body: await reply.json() };
}
