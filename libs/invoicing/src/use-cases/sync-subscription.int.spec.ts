import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toNumeric, toRfc3339 } from '@ledgerline/kernel';
import { aSubscription, flat, unit } from '../../test/builders.js';
import { BillingWorld, caller, customerId } from '../../test/billing-world.js';

let world: BillingWorld;
beforeAll(async () => {
  world = await BillingWorld.open();
});
afterAll(() => world.close());

const usage = [{ key: 'api', price: unit('10') }];
const upgraded = [
  { key: 'fee', price: flat('10'), to: '2024-01-02T00:00:00Z' },
  { key: 'fee', price: flat('20'), from: '2024-01-02T00:00:00Z', version: 1 },
];
const day = (at: Parameters<typeof toRfc3339>[0]): string => toRfc3339(at).slice(5, 10);

async function story(): Promise<string[]> {
  return (await world.invoices()).map(({ status, lines = [] }) =>
    [
      status,
      ...lines.map(
        ({ name, period, rated }) =>
          `${name} ${day(period.from)}..${day(period.to)} ${rated === undefined ? '–' : toNumeric(rated.totals.total)}`,
      ),
    ].join(' | '),
  );
}
const rows = (): Promise<unknown[]> =>
  world.postgres.query(`SELECT id, version, updated_at FROM invoices UNION ALL
    SELECT id, 0, updated_at FROM invoice_lines ORDER BY 1`);

describe('lines of a subscription', () => {
  beforeEach(() => world.reset());

  it('change nothing when they are synchronised again', async () => {
    await world.subscribe(aSubscription({ items: [...usage, { key: 'fee', price: flat('6') }] }));
    await world.settle();
    const before = await rows();
    world.clock.set('2024-01-20T00:00:00Z');
    await world.invoicing.syncSubscription.run(caller, aSubscription({}).id);
    expect(await rows()).toEqual(before);
  });

  it('of an upgrade correct a draft in place and bill the rest at once', async () => {
    await world.reset('2024-01-01T00:00:00Z', { invoicing: { draftPeriod: 'P3D' } });
    await world.subscribe(aSubscription({ items: [{ key: 'fee', price: flat('10') }] }));
    await world.moveTo('2024-01-02T00:00:00Z');
    expect((await story())[1]).toBe('draft.waiting_auto_approval | fee 01-01..02-01 10');
    await world.subscribe(aSubscription({ items: upgraded }), 'SubscriptionUpdated');
    await world.settle();
    expect(await story()).toEqual([
      'gathering | fee 02-01..03-01 20',
      'draft.waiting_auto_approval | fee 01-01..01-02 0.32',
      'draft.waiting_auto_approval | fee 01-02..02-01 19.35',
    ]);
  });

  it('of an upgrade leave an issued invoice alone, with one warning', async () => {
    await world.subscribe(aSubscription({ items: [{ key: 'fee', price: flat('10') }] }));
    await world.moveTo('2024-01-02T00:00:00Z');
    await world.subscribe(aSubscription({ items: upgraded }), 'SubscriptionUpdated');
    await world.settle();
    await world.invoicing.syncSubscription.run(caller, aSubscription({}).id);
    expect(await story()).toEqual([
      'gathering | fee 02-01..03-01 20',
      'paid | fee 01-01..02-01 10',
      'paid | fee 01-02..02-01 19.35',
    ]);
    const [, issued] = await world.invoices();
    expect(issued?.issues).toMatchObject([
      {
        severity: 'warning',
        code: 'immutable_invoice_handling_not_supported',
        component: 'subscription-sync',
        field: `lines/${issued?.lines?.[0]?.id ?? ''}`,
      },
    ]);
  });

  it('end with the subscription, and the gathering invoice comes back under its number', async () => {
    await world.subscribe(aSubscription({ items: usage }));
    await world.settle();
    const [gathering] = await world.invoices();
    world.clock.set('2024-01-10T00:00:00Z');
    await world.subscribe(
      aSubscription({ items: usage, to: '2024-01-01T00:00:00Z' }),
      'SubscriptionCanceled',
    );
    await world.settle();
    expect(await world.invoices()).toEqual([]);
    await world.subscribe(aSubscription({ items: usage }), 'SubscriptionUpdated');
    await world.settle();
    const [again] = await world.invoices();
    expect(again?.invoice).toMatchObject({ id: gathering?.invoice.id, number: gathering?.invoice.number });
    expect(await story()).toEqual(['gathering | api 01-01..02-01 0']);
  });

  it('of an ended subscription are billed up to the end', async () => {
    await world.subscribe(aSubscription({ items: usage }));
    world.used('2024-01-05T00:00:00Z', 2);
    await world.moveTo('2024-01-10T00:00:00Z');
    await world.subscribe(
      aSubscription({ items: usage, to: '2024-01-10T00:00:00Z' }),
      'SubscriptionCanceled',
    );
    await world.moveTo('2024-03-01T00:00:00Z');
    expect(await story()).toEqual(['paid | api 01-01..01-10 20']);
  });

  it('follow the subscription after a part of them was invoiced', async () => {
    await world.subscribe(aSubscription({ items: usage }));
    world.used('2024-01-05T00:00:00Z', 2);
    await world.moveTo('2024-01-15T00:00:00Z');
    await world.invoicing.invoiceNow.run(caller, { customerId });
    world.used('2024-01-17T00:00:00Z', 3);
    await world.moveTo('2024-01-20T00:00:00Z');
    expect(await story()).toEqual(['gathering | api 01-15..02-01 30', 'paid | api 01-01..01-15 20']);
    await world.subscribe(
      aSubscription({ items: usage, to: '2024-01-20T00:00:00Z' }),
      'SubscriptionCanceled',
    );
    await world.moveTo('2024-01-21T00:00:00Z');
    expect(await story()).toEqual(['paid | api 01-01..01-15 20', 'paid | api 01-15..01-20 30']);
  });
});

describe('an app that says no', () => {
  beforeEach(() => world.reset());

  it.each<['validate' | 'upsert', string]>([
    ['validate', 'draft.invalid'],
    ['upsert', 'draft.sync_failed'],
  ])('%s: the draft waits for a retry', async (operation, status) => {
    world.app.refusals.push(operation);
    await world.subscribe(aSubscription({ items: [{ key: 'fee', price: flat('6') }] }));
    await world.settle();
    const failed = (await world.invoices())[1];
    expect(failed).toMatchObject({
      status,
      issues: [{ severity: 'critical', message: `no ${operation} today` }],
    });
    const paid = await world.invoicing.actOnInvoice.run(caller, failed?.invoice.id ?? '', 'retry');
    expect(paid).toMatchObject({ status: 'paid', issues: [], number: 'OM-SANDBOX-ACIN-1' });
  });

  it('finalize: nothing is issued and no number is lost', async () => {
    world.app.refusals.push('finalize');
    await world.subscribe(aSubscription({ items: [{ key: 'fee', price: flat('6') }] }));
    await world.settle();
    const failed = (await world.invoices())[1];
    expect(failed).toMatchObject({
      status: 'issuing.failed',
      failed: true,
      invoice: { issuedAt: undefined },
    });
    const paid = await world.invoicing.actOnInvoice.run(caller, failed?.invoice.id ?? '', 'retry');
    expect(paid.number).toBe('OM-SANDBOX-ACIN-1');
  });

  it('payment: the invoice can be retried and is paid once', async () => {
    world.app.payment = 'failed';
    await world.subscribe(aSubscription({ items: [{ key: 'fee', price: flat('6') }] }));
    await world.settle();
    const failed = (await world.invoices())[1];
    expect(failed?.status).toBe('payment_processing.failed');
    world.app.payment = 'paid';
    expect((await world.invoicing.actOnInvoice.run(caller, failed?.invoice.id ?? '', 'retry')).status).toBe(
      'paid',
    );
  });
});
