// The main job as a user does it: one instance with all its services, events in, paid invoices out.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, NotYet } from '@ledgerline/testkit';
import { openInstance, type OwnInstance } from './own-instance.js';

jest.setTimeout(180_000);

interface Reply {
  readonly status: number;
  readonly body: any; // replies are matched, not typed
}

let instance: OwnInstance;

const call = async (
  method: string,
  path: string,
  body?: unknown,
  type = 'application/json',
): Promise<Reply> => {
  const response = await fetch(instance.baseUrl + path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': type } }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
};
const get = (path: string): Promise<Reply> => call('GET', path);
const post = async (path: string, body?: unknown): Promise<Reply['body']> => {
  const reply = await call('POST', path, body);
  if (reply.status >= 300) throw new Error(`POST ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
};

let sentEvents = 0;
/** Posts usage of the API meter; without a time, so that it happens now on the virtual clock. */
const use = async (...tokens: string[]): Promise<void> => {
  const events = tokens.map((value) => ({
    specversion: '1.0',
    id: `event-${(sentEvents += 1)}`,
    source: 'thread',
    type: 'call',
    subject: 'acme-backend',
    data: { tokens: value, model: 'small' },
  }));
  const reply = await call('POST', '/api/v1/events', events, 'application/cloudevents-batch+json');
  expect(reply).toEqual({ status: 204, body: undefined });
};

const meterTotal = async (): Promise<number | undefined> =>
  (await get('/api/v1/meters/tokens/query')).body.data[0]?.value;
const untilMeterShows = (total: number): Promise<unknown> =>
  eventually(
    async () => {
      const seen = await meterTotal();
      if (seen !== total) throw new NotYet(seen);
      return seen;
    },
    { what: `the meter to show ${total}`, deadlineMs: 30_000 },
  );

const invoices = async (): Promise<any[]> => {
  const { body } = await get('/api/v1/billing/invoices?expand=lines&orderBy=createdAt&order=ASC');
  return body.items.filter((invoice: { status: string }) => invoice.status !== 'gathering');
};
const lineTotals = (invoice: any): Record<string, string> =>
  Object.fromEntries(invoice.lines.map((line: any) => [line.name, line.totals.total]));

const moveTo = async (now: string): Promise<Reply> => {
  const reply = await call('PUT', '/api/ledgerline/v1/clock', { now });
  expect(reply.status).toBe(200);
  return reply;
};

beforeAll(async () => {
  instance = await openInstance('thread', { LEDGERLINE_CLOCK_MODE: 'virtual' });
  // A clean month start makes every expectation readable; the virtual clock begins at the machine's time.
  await moveTo('2027-01-01T00:00:00Z');
});

afterAll(() => instance.close());

describe('the main job', () => {
  it('meters, entitles, subscribes and bills three months, to the cent', async () => {
    await post('/api/v1/meters', {
      slug: 'tokens',
      eventType: 'call',
      aggregation: 'SUM',
      valueProperty: '$.tokens',
      groupBy: { model: '$.model' },
    });
    await post('/api/v1/features', { key: 'tokens', name: 'Tokens', meterSlug: 'tokens' });
    await post('/api/v1/customers', {
      key: 'acme',
      name: 'Acme Corp',
      currency: 'USD',
      usageAttribution: { subjectKeys: ['acme-backend'] },
    });
    await post('/api/v2/customers/acme/entitlements', {
      type: 'metered',
      featureKey: 'tokens',
      usagePeriod: { interval: 'MONTH', anchor: '2027-01-01T00:00:00Z' },
    });
    await post('/api/v2/customers/acme/entitlements/tokens/grants', {
      amount: 1000,
      effectiveAt: '2027-01-01T00:00:00Z',
      expiration: { duration: 'YEAR', count: 1 },
    });
    const plan = await post('/api/v1/plans', {
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
              key: 'tokens',
              name: 'Tokens used',
              featureKey: 'tokens',
              billingCadence: 'P1M',
              price: { type: 'unit', amount: '0.05' },
            },
          ],
        },
      ],
    });
    await post(`/api/v1/plans/${plan.id}/publish`);
    await post('/api/v1/subscriptions', {
      customerKey: 'acme',
      plan: { key: 'starter' },
      timing: 'immediate',
    });

    // The fee in advance is invoiced and paid without anybody asking.
    await eventually(
      async () => {
        const seen = await invoices();
        if (seen.length !== 1 || seen[0].status !== 'paid') throw new NotYet(seen.map((one) => one.status));
        return seen;
      },
      { what: 'the first invoice to be paid', deadlineMs: 30_000 },
    );

    // Half a minute on, because credit time counts whole minutes that have begun.
    await moveTo('2027-01-10T12:00:30Z');
    await use('100.25', '0.125', '99.625');
    await untilMeterShows(200);
    const value = await get('/api/v2/customers/acme/entitlements/tokens/value');
    expect(value.body).toMatchObject({ hasAccess: true, balance: 800, usage: 200, overage: 0 });

    // Sent twice, counted once.
    sentEvents -= 3;
    await use('100.25', '0.125', '99.625');
    await moveTo('2027-02-01T00:30:00Z');
    const waiting = (await invoices())[1];
    expect(waiting.statusDetails.extendedStatus).toBe('draft.waiting_for_collection');
    await moveTo('2027-02-01T01:00:00Z');
    await use('40');
    await untilMeterShows(240);
    const { body: moved } = await moveTo('2027-04-01T02:00:00Z');
    expect(moved.steps).toBeGreaterThanOrEqual(4);

    const billed = await invoices();
    expect(billed.map((invoice) => [invoice.number, invoice.status, invoice.totals.total])).toEqual([
      ['OM-SANDBOX-ACCO-1', 'paid', '20'],
      ['OM-SANDBOX-ACCO-2', 'paid', '30'],
      ['OM-SANDBOX-ACCO-3', 'paid', '22'],
      ['OM-SANDBOX-ACCO-4', 'paid', '20'],
    ]);
    expect(billed.map(lineTotals)).toEqual([
      { 'Platform fee': '20' },
      { 'Platform fee': '20', 'Tokens used': '10' },
      { 'Platform fee': '20', 'Tokens used': '2' },
      { 'Platform fee': '20', 'Tokens used': '0' },
    ]);

    const { body: explanation } = await get(`/api/ledgerline/v1/invoices/${billed[1].id}/explanation`);
    expect(explanation).toMatchObject({ total: '30', currency: 'USD' });
    const tokens = explanation.lines.find((line: any) => line.name === 'Tokens used');
    expect(tokens).toMatchObject({ quantity: '200', total: '10' });
    expect(tokens.windows).toEqual([
      { from: '2027-01-10T00:00:00Z', to: '2027-01-11T00:00:00Z', quantity: '200' },
    ]);
  });

  it('answers for every event it was sent', async () => {
    const { body } = await get('/api/v1/events?from=2027-03-15T00:00:00Z');
    expect(body).toEqual([]);
    const { body: late } = await get('/api/v1/meters/tokens/query?windowSize=MONTH');
    expect(late.data.map((row: any) => [row.windowStart, row.value])).toEqual([
      ['2027-01-01T00:00:00Z', 200],
      ['2027-02-01T00:00:00Z', 40],
    ]);
  });

  it('counts numbers as they were sent, and says of the others why not', async () => {
    await post('/api/v1/meters', {
      slug: 'exact',
      eventType: 'exact',
      aggregation: 'SUM',
      valueProperty: '$.n',
    });
    // As text: a number of this program would lose digits before it is sent.
    const sent: readonly [data: string, counts: string | undefined][] = [
      ['{"n":0.1234567890123456789}', '0.1234567890123456789'],
      ['{"n":0.000000001,"elsewhere":"\\ud800"}', '0.000000001'],
      ['{"n":-0}', '0'],
      ['{"n":5,"elsewhere":1e400}', '5'],
      ['{"n":1e400}', undefined],
      ['{"n":1234567890123456789012345678901234567890}', undefined],
      ['{"n":"12abc"}', undefined],
      ['{"n":"NaN"}', undefined],
      ['{"n":null}', undefined],
    ];
    const events = sent.map(
      ([data], at) =>
        `{"specversion":"1.0","id":"n${at}","source":"exact","type":"exact","subject":"s","data":${data}}`,
    );
    const reply = await fetch(`${instance.baseUrl}/api/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: `[${events.join(',')}]`,
    });
    expect(reply.status).toBe(204);
    const status = async (at: number): Promise<any> =>
      (await get(`/api/ledgerline/v1/events/exact/n${at}/status`)).body;
    for (const [at, [data, counts]] of sent.entries()) {
      const told = await eventually(
        async () => {
          const answer = await status(at);
          if (answer.sendings.length === 0) throw new NotYet(answer.sentence);
          return answer;
        },
        { what: `event n${at} to be stored`, deadlineMs: 30_000 },
      );
      const [seen] = told.sendings[0].meters.filter((one: { slug: string }) => one.slug === 'exact');
      expect({ data, counted: seen.counted, value: seen.value }).toEqual({
        data,
        counted: counts !== undefined,
        ...(counts === undefined ? { value: undefined } : { value: counts }),
      });
      if (counts === undefined) expect(seen.reason).toEqual(expect.any(String));
    }
    const { body } = await get('/api/v1/meters/exact/query');
    expect(body.data[0].value).toBe(5.123456790012345);
  });

  it('names the field of every bad request, and never answers 500', async () => {
    const phase = { key: 'a', name: 'A', duration: null, rateCards: [] };
    const bad: [string, string, unknown, string][] = [
      ['POST', '/api/v1/meters', { slug: 'BAD SLUG', eventType: 'x', aggregation: 'COUNT' }, 'slug'],
      ['POST', '/api/v1/meters', { slug: 'm', eventType: 'x', aggregation: 'NOPE' }, 'aggregation'],
      [
        'POST',
        '/api/v1/meters',
        { slug: 'm', eventType: 'x', aggregation: 'SUM', valueProperty: 'x' },
        'valueProperty',
      ],
      ['POST', '/api/v1/features', { key: 'f' }, 'name'],
      ['POST', '/api/v1/customers', { name: '' }, 'name'],
      [
        'POST',
        '/api/v1/plans',
        { key: 'p', name: 'P', currency: 'USD', billingCadence: 'P2M', phases: [phase] },
        'billingCadence',
      ],
      ['POST', '/api/v1/subscriptions', { plan: { key: 'starter' } }, 'customer'],
      ['POST', '/api/v1/billing/invoices/invoice', {}, 'customerId'],
      ['PUT', '/api/ledgerline/v1/clock', { now: 'soon' }, 'now'],
      ['GET', '/api/v1/meters/tokens/query?windowSize=SECOND', undefined, 'windowSize'],
      ['GET', '/api/v1/meters/tokens/query?from=yesterday', undefined, 'from'],
    ];
    for (const [method, path, body, field] of bad) {
      const reply = await call(method, path, body);
      expect({ path, status: reply.status }).toEqual({ path, status: 400 });
      expect(JSON.stringify(reply.body)).toContain(field);
    }
  });
});
