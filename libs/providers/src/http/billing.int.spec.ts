import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer } from '@ledgerline/testkit';
import { BillingHttpWorld } from '../../test/billing-http-world.js';

let world: BillingHttpWorld;
let customer: { id: string };
beforeAll(async () => {
  world = await BillingHttpWorld.open();
  await world.ok('POST', '/v1/meters', {
    slug: 'requests',
    name: 'Requests',
    eventType: 'request',
    aggregation: 'SUM',
    valueProperty: '$.value',
  });
  await world.ok('POST', '/v1/features', { key: 'api', name: 'API', meterSlug: 'requests' });
}, 60_000);
afterAll(() => world.close());

let count = 0;
beforeEach(async () => {
  count += 1;
  world.clock.set('2025-01-15T12:00:00Z');
  const subject = `subject-${count}`;
  customer = await world.ok('POST', '/v1/customers', {
    name: `Acme ${count}`,
    key: `acme-${count}`,
    usageAttribution: { subjectKeys: [subject] },
  });
});

const january = { from: '2025-01-01T00:00:00Z', to: '2025-02-01T00:00:00Z' };
const fee = {
  name: 'Set-up',
  period: january,
  invoiceAt: '2025-01-15T00:00:00Z',
  rateCard: { price: { type: 'flat', amount: '20', paymentTerm: 'in_advance' } },
};
const usage = {
  name: 'Requests',
  period: january,
  invoiceAt: '2025-02-01T00:00:00Z',
  rateCard: { featureKey: 'api', price: { type: 'unit', amount: '0.5' } },
};
const pend = (...lines: unknown[]): Promise<Answer> =>
  world.call('POST', `/v1/billing/customers/${customer.id}/invoices/pending-lines`, {
    currency: 'USD',
    lines,
  });
const invoiceNow = (more: object = {}): Promise<Answer> =>
  world.call('POST', '/v1/billing/invoices/invoice', { customerId: customer.id, ...more });
const codeOf = ({ body }: Answer): unknown => body.extensions?.code;

describe('what an instance starts with', () => {
  it('has one sandbox app and one default profile, however often and at once it starts', async () => {
    await Promise.all([1, 2, 3].map(() => world.bootstrap.run('default')));
    const apps = await world.ok('GET', '/v1/apps');
    expect(apps).toMatchObject({
      totalCount: 1,
      items: [{ type: 'sandbox', name: 'Sandbox', status: 'ready' }],
    });
    const profiles = await world.ok('GET', '/v1/billing/profiles?expand=apps');
    expect(profiles).toMatchObject({
      totalCount: 1,
      items: [
        {
          name: 'openmeter-sandbox',
          default: true,
          supplier: { name: 'OpenMeter', addresses: [{ country: 'US' }] },
          apps: { invoicing: { id: apps.items[0].id, type: 'sandbox' } },
          workflow: {
            collection: { alignment: { type: 'subscription' }, interval: 'PT1H' },
            invoicing: { autoAdvance: true, draftPeriod: 'P0D', dueAfter: 'P30D', progressiveBilling: true },
          },
        },
      ],
    });
    expect(await world.ok('GET', `/v1/apps/${apps.items[0].id}`)).toEqual(apps.items[0]);
    expect((await world.call('GET', '/v1/apps/01G65Z755AFWAKHE12NY0CQ9FH')).status).toBe(404);
  });

  it('lists what can be installed', async () => {
    const { items, totalCount } = await world.ok('GET', '/v1/marketplace/listings');
    expect(items.map(({ type }: { type: string }) => type)).toEqual([
      'sandbox',
      'stripe',
      'custom_invoicing',
    ]);
    expect(totalCount).toBe(3);
    expect(await world.ok('GET', '/v1/marketplace/listings/sandbox')).toEqual(items[0]);
  });
});

const withoutApps = (profile: object): object =>
  Object.fromEntries(Object.entries(profile).filter(([name]) => name !== 'apps'));

describe('billing profiles', () => {
  const draft = async (more: object = {}) => {
    const { items } = await world.ok('GET', '/v1/apps');
    const app = items[0].id;
    return {
      name: 'Manual',
      supplier: { name: 'We', addresses: [{ country: 'DE' }] },
      default: false,
      workflow: { invoicing: { autoAdvance: false } },
      apps: { tax: app, invoicing: app, payment: app },
      ...more,
    };
  };

  it('are created with every default, replaced and deleted', async () => {
    const created = await world.ok('POST', '/v1/billing/profiles', await draft());
    expect(created).toMatchObject({
      workflow: { collection: { interval: 'PT1H' }, invoicing: { autoAdvance: false, dueAfter: 'P30D' } },
      apps: { tax: { type: 'sandbox' } },
    });
    const rest = withoutApps(await draft({ name: 'Other', workflow: {} }));
    const replaced = await world.ok('PUT', `/v1/billing/profiles/${created.id}`, rest);
    expect(replaced).toMatchObject({ name: 'Other', workflow: { invoicing: { autoAdvance: true } } });
    expect((await world.call('DELETE', `/v1/billing/profiles/${created.id}`)).status).toBe(204);
    expect((await world.call('DELETE', `/v1/billing/profiles/${created.id}`)).status).toBe(204);
    const again = await world.call('PUT', `/v1/billing/profiles/${created.id}`, rest);
    expect([again.status, codeOf(again)]).toEqual([400, 'profile_already_deleted']);
  });

  it('have one default, which can be handed on but not dropped', async () => {
    const [first] = (await world.ok('GET', '/v1/billing/profiles')).items;
    const second = await world.ok('POST', '/v1/billing/profiles', await draft({ default: true }));
    expect((await world.ok('GET', `/v1/billing/profiles/${first.id}`)).default).toBe(false);
    const dropped = await world.call('DELETE', `/v1/billing/profiles/${second.id}`);
    expect([dropped.status, codeOf(dropped)]).toEqual([400, 'default_profile_cannot_be_deleted']);
    const rest = withoutApps(await draft());
    const unset = await world.call('PUT', `/v1/billing/profiles/${second.id}`, rest);
    expect([unset.status, codeOf(unset)]).toEqual([400, 'default_profile_cannot_be_unset']);
    await world.ok('PUT', `/v1/billing/profiles/${first.id}`, { ...withoutApps(first), default: true });
    await world.ok('DELETE', `/v1/billing/profiles/${second.id}`);
  });

  it.each([
    ['no supplier name', { supplier: { addresses: [{ country: 'DE' }] } }, 400],
    ['no country', { supplier: { name: 'We' } }, 400],
    ['a negative duration', { workflow: { invoicing: { draftPeriod: '-P1D' } } }, 400],
    ['taxes enforced but off', { workflow: { tax: { enabled: false, enforced: true } } }, 400],
    [
      'an unknown app',
      {
        apps: {
          tax: '01G65Z755AFWAKHE12NY0CQ9FH',
          invoicing: '01G65Z755AFWAKHE12NY0CQ9FH',
          payment: '01G65Z755AFWAKHE12NY0CQ9FH',
        },
      },
      404,
    ],
  ])('refuse %s', async (_, more, status) => {
    expect((await world.call('POST', '/v1/billing/profiles', await draft(more))).status).toBe(status);
  });
});

describe('pending lines', () => {
  it('wait on a gathering invoice that is priced as it is read', async () => {
    await world.used(`subject-${count}`, '2025-01-10T00:00:00Z', 7);
    await world.used('somebody else', '2025-01-10T00:00:00Z', 1000);
    const pended = await pend(fee, usage);
    expect(pended.status).toBe(201);
    expect(pended.body).toMatchObject({
      isInvoiceNew: true,
      lines: [{ name: 'Requests', managedBy: 'manual' }, { name: 'Set-up' }],
      invoice: {
        number: expect.stringMatching(/^GATHER-AC\d+-USD-\d+$/),
        status: 'gathering',
        customer: { id: customer.id },
        totals: { total: '23.5' },
        collectionAt: '2025-01-15T00:00:00Z',
        statusDetails: { availableActions: { invoice: {} } },
      },
    });
    expect((await pend(fee)).body.isInvoiceNew).toBe(false);
    const list = await world.ok('GET', `/v1/billing/invoices?customers=${customer.id}&statuses=gathering`);
    expect(list).toMatchObject({ totalCount: 1, items: [{ totals: { total: '43.5' } }] });
    expect(list.items[0].lines).toBeUndefined();
    expect((await world.call('DELETE', `/v1/customers/${customer.id}`)).status).toBe(409);
  });

  it.each([
    ['usage without a feature', { ...usage, rateCard: { price: usage.rateCard.price } }],
    ['an unknown feature', { ...usage, rateCard: { ...usage.rateCard, featureKey: 'nothing' } }],
    ['an empty period of usage', { ...usage, period: { from: january.from, to: january.from } }],
    ['a period that ends before it starts', { ...fee, period: { from: january.to, to: january.from } }],
    ['two prices that differ', { ...fee, price: { type: 'flat', amount: '21', paymentTerm: 'in_advance' } }],
    [
      'free units of a fee',
      { ...fee, rateCard: { ...fee.rateCard, discounts: { usage: { quantity: '1' } } } },
    ],
    ['a date that nothing can be reckoned from', { ...usage, invoiceAt: '9999-12-31T23:59:59Z' }],
    [
      'a year that Postgres does not have',
      { ...usage, period: { ...january, from: '0000-01-01T00:00:00Z' } },
    ],
  ])('refuse %s', async (_, line) => {
    expect((await pend(line)).status).toBe(400);
  });
});

describe('invoicing', () => {
  it('bills a fee and is paid at once', async () => {
    await pend(fee);
    const invoiced = await invoiceNow();
    expect(invoiced.status).toBe(201);
    const [invoice] = invoiced.body;
    expect(invoice).toMatchObject({
      number: expect.stringMatching(/^OM-SANDBOX-AC\d+-\d+$/),
      status: 'paid',
      statusDetails: { extendedStatus: 'paid', immutable: true, failed: false, availableActions: {} },
      totals: { amount: '20', total: '20' },
      issuedAt: '2025-01-15T12:00:00Z',
      sentToCustomerAt: '2025-01-15T12:00:00Z',
      dueAt: '2025-02-14T12:00:00Z',
      lines: [{ name: 'Set-up', quantity: '1', children: [{ name: 'Set-up', totals: { total: '20' } }] }],
    });
    const gathering = await world.ok('GET', `/v1/billing/invoices?customers=${customer.id}`);
    expect(gathering.items).toHaveLength(1);
    const expanded = await world.ok(
      'GET',
      `/v1/billing/invoices/${invoice.id}?expand=workflow.apps&expand=lines`,
    );
    expect(expanded.workflow.apps.invoicing.type).toBe('sandbox');
  });

  it('bills usage up to now, and what follows as the rest of the same period', async () => {
    const subject = `subject-${count}`;
    await world.used(subject, '2025-01-10T00:00:00Z', 7);
    await pend(usage);
    const [first] = (await invoiceNow()).body;
    expect(first).toMatchObject({
      status: 'draft',
      statusDetails: { extendedStatus: 'draft.waiting_for_collection' },
      totals: { total: '3.5' },
      collectionAt: '2025-01-15T13:00:00Z',
      lines: [{ period: { from: january.from, to: '2025-01-15T12:00:00Z' }, quantity: '7' }],
    });
    await world.used(subject, '2025-01-20T00:00:00Z', 5);
    world.clock.set('2025-02-01T00:00:00Z');
    const advanced = await world.ok('POST', `/v1/billing/invoices/${first.id}/advance`);
    expect(advanced).toMatchObject({ status: 'paid', quantitySnapshotedAt: '2025-02-01T00:00:00Z' });
    const [second] = (await invoiceNow()).body;
    expect(second.lines).toMatchObject([
      {
        period: { from: '2025-01-15T12:00:00Z', to: january.to },
        quantity: '5',
        preLinePeriodQuantity: '7',
        meteredPreLinePeriodQuantity: '7',
      },
    ]);
    const explanation = await world.ok('GET', `/ledgerline/v1/invoices/${second.id}/explanation`);
    expect(explanation).toMatchObject({
      total: '2.5',
      lines: [
        {
          name: 'Requests',
          price: '0.5 USD for each unit.',
          quantity: '5',
          windows: [{ from: '2025-01-20T00:00:00Z', to: '2025-01-21T00:00:00Z', quantity: '5' }],
          sentences: [
            'Requests from 2025-01-15T12:00:00Z to 2025-02-01T00:00:00Z',
            'Requests: usage in period: 5 × 0.5 USD = 2.50 USD',
            'Total: 2.50 USD',
          ],
        },
      ],
      sentence: 'Invoice total: 2.50 USD',
    });
  });

  it('happens once under one Idempotency-Key, however often and at once it is asked for', async () => {
    const key = { 'idempotency-key': `once-${count}` };
    const path = `/v1/billing/customers/${customer.id}/invoices/pending-lines`;
    const pending = { currency: 'USD', lines: [fee] };
    const pended = await Promise.all([1, 2, 3].map(() => world.call('POST', path, pending, key)));
    expect(new Set(pended.map(({ body }) => body.lines[0].id)).size).toBe(1);
    const other = await world.call('POST', path, { currency: 'USD', lines: [usage] }, key);
    expect(other.status).toBe(409);
    const ask = { customerId: customer.id };
    const invoiced = await Promise.all(
      [1, 2, 3].map(() => world.call('POST', '/v1/billing/invoices/invoice', ask, key)),
    );
    expect(invoiced.map(({ status, body }) => [status, body[0].status, body[0].totals.total])).toEqual(
      invoiced.map(() => [201, 'paid', '20']),
    );
    expect(new Set(invoiced.map(({ body }) => body[0].number)).size).toBe(1);
    const all = await world.ok('GET', `/v1/billing/invoices?customers=${customer.id}`);
    expect(all.totalCount).toBe(1);
  });

  it('is not listed by a date out of reach, which is named', async () => {
    const list = await world.call('GET', '/v1/billing/invoices?createdAfter=0000-01-01T00:00:00Z');
    expect([list.status, list.body.detail]).toEqual([400, expect.stringContaining('createdAfter')]);
  });

  it('refuses what cannot be invoiced', async () => {
    const nothing = await invoiceNow();
    expect([nothing.status, codeOf(nothing)]).toEqual([400, 'invoice_create_no_lines']);
    const { lines } = (await pend(fee, { ...fee, name: 'Later', invoiceAt: '2025-03-01T00:00:00Z' })).body;
    const ids = lines.map(({ id }: { id: string }) => id);
    const some = await invoiceNow({ filters: { lineIds: ids } });
    expect([some.status, codeOf(some)]).toEqual([400, 'invoice_lines_not_billable']);
    expect(some.body.detail).toContain(lines.find(({ name }: { name: string }) => name === 'Later').id);
    expect((await invoiceNow({ asOf: '2025-01-16T00:00:00Z' })).status).toBe(400);
    expect((await invoiceNow({ customerId: '01G65Z755AFWAKHE12NY0CQ9FH' })).status).toBe(404);
    const due = lines.find(({ name }: { name: string }) => name === 'Set-up').id;
    expect((await invoiceNow({ filters: { lineIds: [due] } })).status).toBe(201);
  });

  it('fires each action only where it is offered', async () => {
    await pend(usage);
    const [draft] = (await invoiceNow()).body;
    expect(Object.keys(draft.statusDetails.availableActions).sort()).toEqual([
      'delete',
      'snapshotQuantities',
    ]);
    const at = `/v1/billing/invoices/${draft.id}`;
    const advance = await world.call('POST', `${at}/advance`);
    expect([advance.status, codeOf(advance)]).toEqual([400, 'invoice_cannot_advance']);
    const approve = await world.call('POST', `${at}/approve`);
    expect([approve.status, codeOf(approve)]).toEqual([400, 'invoice_action_not_available']);
    expect((await world.call('POST', `${at}/retry`)).status).toBe(400);
    const snapshot = await world.ok('POST', `${at}/snapshot-quantities`);
    expect(snapshot.statusDetails.extendedStatus).toBe('draft.waiting_auto_approval');
    const approved = await world.ok('POST', `${at}/approve`);
    expect(approved.status).toBe('paid');
    const gone = await world.call('DELETE', at);
    expect([gone.status, codeOf(gone)]).toEqual([400, 'invoice_action_not_available']);
  });

  it('deletes a draft, and never a gathering invoice', async () => {
    const { invoice: gathering } = (await pend(usage)).body;
    const [draft] = (await invoiceNow()).body;
    expect((await world.call('DELETE', `/v1/billing/invoices/${draft.id}`)).status).toBe(204);
    expect(await world.ok('GET', `/v1/billing/invoices/${draft.id}`)).toMatchObject({
      deletedAt: '2025-01-15T12:00:00Z',
      statusDetails: { extendedStatus: 'deleted' },
    });
    expect((await world.ok('GET', `/v1/billing/invoices?customers=${customer.id}`)).totalCount).toBe(1);
    const refused = await world.call('DELETE', `/v1/billing/invoices/${gathering.id}`);
    expect([refused.status, codeOf(refused)]).toEqual([400, 'invoice_cannot_delete_gathering']);
    expect((await world.call('POST', `/v1/billing/invoices/${gathering.id}/approve`)).status).toBe(404);
    const unknown = await world.call('GET', '/v1/billing/invoices/01G65Z755AFWAKHE12NY0CQ9FH');
    expect([unknown.status, codeOf(unknown)]).toEqual([404, 'invoice_not_found']);
  });
});
