// The published client, unmodified, against a whole instance: what it sends is understood, what it expects comes back.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { repositoryRoot } from '@ledgerline/embedded';
import { eventually, NotYet } from '@ledgerline/testkit';
import { type Event, type HTTPError, isHTTPError, OpenMeter } from '@openmeter/sdk';
import { OpenMeter as PortalClient } from '@openmeter/sdk/portal';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openInstance, type OwnInstance } from './own-instance.js';

jest.setTimeout(180_000);

const run = promisify(execFile);

/** The last full hour but one, so that windows are full and no event lies in the future. */
const hour = new Date(Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000);
const after = (minutes: number): Date => new Date(hour.getTime() + minutes * 60_000);
/** A new one each time: the SDK writes the texts of dates into what it is given. */
const range = () => ({ from: after(0), to: after(120) });

/** The error of a call that must be refused. */
async function refused(call: Promise<unknown>): Promise<HTTPError> {
  const outcome = await call.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && isHTTPError(outcome.error)) return outcome.error;
  throw new Error(`expected an HTTPError: ${JSON.stringify(outcome)}`);
}

const here = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('an answer without a body');
  return value;
};

describe.each(['none', 'api-key'] as const)('the SDK with auth.mode %s', (authMode) => {
  let instance: OwnInstance;
  let om: OpenMeter;

  beforeAll(async () => {
    instance = await openInstance('sdk', { LEDGERLINE_AUTH_MODE: authMode });
    const { baseUrl } = instance;
    om =
      authMode === 'none' ? new OpenMeter({ baseUrl }) : new OpenMeter({ baseUrl, apiKey: await newKey() });
  });
  afterAll(() => instance.close());

  async function newKey(): Promise<string> {
    const which = ['--data', instance.dataDir, '--port', String(instance.port)];
    const entry = join(repositoryRoot, 'apps/stack/dist/keys.js');
    const { stdout } = await run(process.execPath, [
      entry,
      'create',
      '--namespace',
      'sdk',
      '--name',
      'sdk',
      ...which,
    ]);
    const key = stdout.trim().split('\n').at(-1) ?? '';
    const client = new OpenMeter({ baseUrl: instance.baseUrl, apiKey: key });
    // Ingest learns of a key through its topic.
    await eventually(
      async () => {
        const { status } = await refused(client.events.ingest([]));
        if (status === 401) throw new NotYet(status);
        return true;
      },
      { what: 'ingest to know the key', deadlineMs: 20_000 },
    );
    return key;
  }

  const untilTotal = (slug: string, total: number): Promise<unknown> =>
    eventually(
      async () => {
        const { data } = await om.meters.query(slug);
        if (data[0]?.value !== total) throw new NotYet(data);
        return data;
      },
      { what: `${slug} to show ${total}`, deadlineMs: 30_000 },
    );

  const usage = (minutes: number, tokens: number, more: Partial<Event> = {}): Event => ({
    type: 'prompt',
    subject: 'sdk-1',
    time: after(minutes),
    ...more,
    data: { tokens, model: 'small', ...(more.data as object) },
  });

  it('keeps meters', async () => {
    const created = here(
      await om.meters.create({
        slug: 'tokens',
        name: 'Tokens',
        eventType: 'prompt',
        aggregation: 'SUM',
        valueProperty: '$.tokens',
        groupBy: { model: '$.model' },
        metadata: { team: 'a' },
      }),
    );
    expect(created).toMatchObject({ slug: 'tokens', aggregation: 'SUM', metadata: { team: 'a' } });
    expect(created.createdAt).toBeInstanceOf(Date);
    expect(await om.meters.get('tokens')).toEqual(created);
    expect(await om.meters.get(created.id)).toEqual(created);
    const updated = here(
      await om.meters.update('tokens', {
        name: 'Tokens used',
        groupBy: { model: '$.model', kind: '$.kind' },
      }),
    );
    expect(updated).toMatchObject({ name: 'Tokens used', groupBy: { model: '$.model', kind: '$.kind' } });
    expect(here(await om.meters.list()).map(({ slug }) => slug)).toEqual(['tokens']);
    const error = await refused(om.meters.create({ slug: 'tokens', eventType: 'x', aggregation: 'COUNT' }));
    expect([error.status, error.title]).toEqual([409, 'Conflict']);
    const bad = await refused(om.meters.create({ slug: 'UPPER CASE', eventType: 'x', aggregation: 'COUNT' }));
    expect([bad.status, bad.type]).toEqual([400, 'about:blank']);
    expect(bad.getField('instance')).toMatch(/^urn:request:/);
  });

  it('sends events, one and many', async () => {
    await expect(om.events.ingest(usage(1, 10, { id: 'one', source: 'spec' }))).resolves.toBeUndefined();
    const many = [
      usage(2, 0.125, { data: { tokens: 0.125, kind: 'in' } }),
      usage(61, 5, { data: { tokens: 5, model: 'large', kind: 'out' } }),
      usage(62, 7, { subject: 'sdk-2' }),
    ];
    await expect(om.events.ingest(many)).resolves.toBeUndefined();
    // Sent twice, counted once.
    await om.events.ingest(usage(1, 10, { id: 'one', source: 'spec' }));
    await untilTotal('tokens', 22.125);
    const error = await refused(om.events.ingest({ type: 'prompt' } as Event));
    expect([error.status, error.message]).toEqual([400, expect.stringContaining('subject')]);
  });

  it('lists events in both versions, with their dates', async () => {
    const listed = here(await om.events.list({ from: hour, to: after(120), subject: 'sdk-1', limit: 10 }));
    expect(listed).toHaveLength(3); // the repetition is no event
    const one = listed.find(({ event }) => event.id === 'one');
    expect(one).toMatchObject({
      event: { source: 'spec', subject: 'sdk-1', time: after(1), data: { tokens: 10 } },
      ingestedAt: expect.any(Date),
      storedAt: expect.any(Date),
    });
    const filter = JSON.stringify({
      subject: { $eq: 'sdk-2' },
      time: { $and: [{ $gte: after(60) }, { $lt: after(120) }] },
    });
    const page = here(await om.events.listV2({ filter }));
    expect(page.items.map(({ event }) => [event.subject, event.time])).toEqual([['sdk-2', after(62)]]);
    expect(page.nextCursor).toEqual(expect.any(String));
    const first = here(await om.events.listV2({ limit: 2 }));
    const second = here(await om.events.listV2({ limit: 100, cursor: first.nextCursor }));
    const keys = [...first.items, ...second.items].map(({ event }) => `${event.source}/${event.id}`);
    expect(new Set(keys).size).toBe(4);
    expect(first.items).toHaveLength(2);
  });

  it('queries meters by GET and by POST', async () => {
    const hourly = await om.meters.query('tokens', { ...range(), windowSize: 'HOUR' });
    expect(hourly).toEqual({
      ...range(),
      windowSize: 'HOUR',
      data: [
        { windowStart: hour, windowEnd: after(60), value: 10.125, subject: null, groupBy: {} },
        { windowStart: after(60), windowEnd: after(120), value: 12, subject: null, groupBy: {} },
      ],
    });
    const grouped = await om.meters.query('tokens', {
      ...range(),
      groupBy: ['subject', 'model'],
      filterGroupBy: { model: 'small' },
      subject: ['sdk-1', 'sdk-2'],
    });
    expect(grouped.data.map(({ subject, groupBy, value }) => [subject, groupBy, value])).toEqual([
      ['sdk-1', { model: 'small' }, 10.125],
      ['sdk-2', { model: 'small' }, 7],
    ]);
    const posted = here(
      await om.meters.queryPost('tokens', {
        ...range(),
        groupBy: ['kind'],
        filterGroupBy: { kind: ['in', 'out'] },
        subject: ['sdk-1'],
        windowTimeZone: 'Asia/Kolkata',
        windowSize: 'MONTH',
      }),
    );
    expect(posted.data.map(({ groupBy, value }) => [groupBy, value])).toEqual([
      [{ kind: 'in' }, 0.125],
      [{ kind: 'out' }, 5],
    ]);
    expect(posted.data[0]?.windowStart).toBeInstanceOf(Date);
    expect(await om.meters.listGroupByValues('tokens', 'model', range())).toEqual(['large', 'small']);
    const error = await refused(om.meters.query('no_such_meter'));
    expect([error.status, error.title, error.getField('status')]).toEqual([404, 'Not Found', 404]);
    const bad = await refused(om.meters.query('tokens', { groupBy: ['nope'] }));
    expect(bad.status).toBe(400);
  });

  it('tells how far a query has come, and what there is at all', async () => {
    await om.meters.query('tokens', { ...range(), clientId: 'sdk-query' });
    const progress = here(await om.info.getProgress('sdk-query'));
    expect(progress).toMatchObject({ failed: 0, updatedAt: expect.any(Date) });
    expect(progress.success).toBe(progress.total);
    expect((await refused(om.info.getProgress('nobody'))).status).toBe(404);
    const currencies = here(await om.info.listCurrencies());
    expect(currencies).toContainEqual({ code: 'JPY', name: expect.any(String), symbol: '¥', subunits: 0 });
  });

  it('reads the metrics', async () => {
    await om.events.ingest({ type: 'metric', subject: 'sdk-metric', time: new Date() });
    // The client's own method reads every body as JSON, whatever the server says it is.
    const text = await eventually(
      async () => {
        const { data } = await om.client.GET('/api/v1/debug/metrics', { parseAs: 'text' });
        if (!String(data).includes('openmeter_events_total{subject="sdk-metric"} 1.0'))
          throw new NotYet(data);
        return String(data);
      },
      { what: 'the metrics to count the event', deadlineMs: 30_000 },
    );
    expect(text).toContain('# TYPE openmeter_events counter');
  });

  it('keeps subjects', async () => {
    const [one] = here(
      await om.subjects.upsert({ key: 'sdk-1', displayName: 'One', metadata: { a: { b: 1 } } }),
    );
    expect(one).toMatchObject({ key: 'sdk-1', displayName: 'One', createdAt: expect.any(Date) });
    const paying = { key: 'sdk-1', stripeCustomerId: 'cus_1' };
    const both = await om.subjects.upsert([{ key: 'sdk-2' }, paying]);
    expect(here(both)[1]).toMatchObject({ id: one?.id, displayName: 'One', stripeCustomerId: 'cus_1' });
    expect(here(await om.subjects.list()).map(({ key }) => key)).toEqual(['sdk-1', 'sdk-2']);
    await expect(om.subjects.delete('sdk-2')).resolves.toBeUndefined();
    expect((await refused(om.subjects.get('sdk-2'))).status).toBe(404);
    const error = await refused(om.subjects.upsert({ ...paying, stripeCustomerId: 'sub_1' }));
    expect([error.status, error.message]).toEqual([400, expect.stringContaining('cus_')]);
  });

  it('keeps customers', async () => {
    const created = here(
      await om.customers.create({
        key: 'acme',
        name: 'Acme',
        primaryEmail: 'pay@acme.test',
        currency: 'USD',
        usageAttribution: { subjectKeys: ['sdk-1', 'sdk-2'] },
      }),
    );
    expect(created.createdAt).toBeInstanceOf(Date);
    expect(await om.customers.get('acme')).toEqual(created);
    expect(here(await om.subjects.get('sdk-2')).metadata).toEqual({
      createdBy: 'subject.provisioner',
      customerId: created.id,
    });
    const other = here(await om.customers.create({ key: 'b_b', name: 'Other 100%' }));
    const keys = async (query: Parameters<typeof om.customers.list>[0]): Promise<unknown[]> =>
      here(await om.customers.list(query)).items.map(({ key }) => key);
    expect(await keys({ order: 'DESC', orderBy: 'name' })).toEqual(['b_b', 'acme']);
    expect(await keys({ name: 'OTHER' })).toEqual(['b_b']);
    expect(await keys({ name: '%' })).toEqual(['b_b']);
    expect(await keys({ key: '_' })).toEqual(['b_b']);
    expect(await keys({ primaryEmail: '@ACME' })).toEqual(['acme']);
    expect(await keys({ subject: 'sdk' })).toEqual(['acme']);
    expect(await keys({ planKey: 'none' })).toEqual([]);
    expect(await keys({ page: 2, pageSize: 1, expand: ['subscriptions'] })).toEqual(['b_b']);
    const usageOf = await om.meters.query('tokens', { ...range(), filterCustomerId: [created.id] });
    expect(usageOf.data.map(({ value }) => value)).toEqual([22.125]);
    const event = here(await om.events.list({ ...range(), id: 'one' }))[0];
    expect(event?.customerId).toBe(created.id);
    const updated = here(await om.customers.update('b_b', { name: 'New', key: 'b_b' }));
    expect(updated).toMatchObject({ id: other.id, name: 'New' });
    expect((await refused(om.customers.create({ name: 'x', key: 'acme' }))).status).toBe(409);
    await expect(om.customers.delete('b_b')).resolves.toBeUndefined();
    expect(here(await om.customers.get(other.id)).deletedAt).toBeInstanceOf(Date);
    expect((await refused(om.customers.update(other.id, { name: 'x', key: 'y' }))).status).toBe(412);
  });

  it('keeps features', async () => {
    const draft = {
      key: 'small_tokens',
      name: 'Small tokens',
      meterSlug: 'tokens',
      meterGroupByFilters: { model: 'small' },
    };
    const created = here(await om.features.create(draft));
    expect(created).toMatchObject({
      meterGroupByFilters: { model: 'small' },
      advancedMeterGroupByFilters: { model: { $eq: 'small' } },
      createdAt: expect.any(Date),
    });
    expect(await om.features.get(created.id)).toEqual(created);
    // Newer than this client's types, which pass on what they do not know.
    const priced = {
      key: 'tokens',
      name: 'Tokens',
      meterSlug: 'tokens',
      advancedMeterGroupByFilters: { model: { $in: ['small', 'large'] } },
      unitCost: { type: 'manual', amount: '0.5' },
    };
    const withCost = here(await om.features.create(priced));
    expect(withCost).toMatchObject({
      advancedMeterGroupByFilters: priced.advancedMeterGroupByFilters,
      unitCost: priced.unitCost,
    });
    expect(withCost).not.toHaveProperty('meterGroupByFilters');
    const keys = async (query: Parameters<typeof om.features.list>[0]): Promise<string[]> =>
      here(await om.features.list(query)).map(({ key }) => key);
    expect(await keys({ meterSlug: ['tokens'] })).toEqual(['small_tokens', 'tokens']);
    expect((await refused(om.features.create(priced))).status).toBe(409);
    await expect(om.features.delete(created.id)).resolves.toBeUndefined();
    expect(await keys({})).toEqual(['tokens']);
    expect(await keys({ includeArchived: true, order: 'DESC' })).toEqual(['tokens', 'small_tokens']);
    expect((await refused(om.features.get(created.id))).status).toBe(404);
  });

  it('lets an end customer see its own usage', async () => {
    const token = here(await om.portal.create({ subject: 'sdk-1', allowedMeterSlugs: ['tokens'] }));
    expect(token).toMatchObject({ subject: 'sdk-1', expiresAt: expect.any(Date) });
    const { baseUrl } = instance;
    const portal = new PortalClient({ baseUrl, portalToken: token.token ?? '' });
    const answer = await portal.query('tokens', { ...range(), windowSize: 'HOUR', groupBy: ['model'] });
    expect(
      answer.data.map(({ subject, windowStart, groupBy, value }) => [subject, windowStart, groupBy, value]),
    ).toEqual([
      ['sdk-1', hour, { model: 'small' }, 10.125],
      ['sdk-1', after(60), { model: 'large' }, 5],
    ]);
    const stranger = new PortalClient({ baseUrl, portalToken: 'nonsense' });
    expect((await refused(stranger.query('tokens'))).status).toBe(401);
    expect(here(await om.portal.list()).map(({ subject }) => subject)).toEqual(['sdk-1']);
    await expect(om.portal.invalidate({ subject: 'sdk-1' })).resolves.toBeUndefined();
    expect((await refused(portal.query('tokens'))).status).toBe(401);
  });

  it('lets a meter go once nothing stands on it', async () => {
    expect((await refused(om.meters.delete('tokens'))).status).toBe(409);
    await om.features.delete('tokens');
    await expect(om.meters.delete('tokens')).resolves.toBeUndefined();
    expect((await refused(om.meters.get('tokens'))).status).toBe(404);
  });

  it('is let in only with a key', async () => {
    const call = new OpenMeter({ baseUrl: instance.baseUrl, apiKey: 'wrong' }).customers.list();
    if (authMode === 'none') expect(here(await call).items).toHaveLength(1);
    else expect((await refused(call)).status).toBe(401);
  });
});
