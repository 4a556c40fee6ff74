import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toNumeric } from '@ledgerline/kernel';
import { aSubscription, flat, unit } from '../../test/builders.js';
import { BillingWorld } from '../../test/billing-world.js';
import { Killed } from '../../test/faults.js';

let world: BillingWorld;
beforeAll(async () => {
  world = await BillingWorld.open();
});
afterAll(() => world.close());

const pro = aSubscription({
  items: [
    { key: 'fee', price: flat('6') },
    { key: 'api', price: unit('10') },
  ],
});

/** What must be true whatever happened on the way: each thing once, and no number missing. */
async function outcome() {
  const invoices = (await world.invoices()).filter(({ invoice }) => invoice.kind === 'standard');
  const facts = await world.postgres.query<{ type: string; times: number }[]>(
    `SELECT data ->> 'id' AS id, type, count(*)::int AS times FROM journal
     WHERE type IN ('InvoiceCreated', 'InvoiceIssued', 'InvoicePaid') AND data ->> 'id' = ANY($1)
     GROUP BY 1, 2 ORDER BY 2, 1`,
    [invoices.map(({ invoice }) => invoice.id)],
  );
  return {
    invoices: invoices.map(
      ({ invoice, status, totals }) => `${invoice.number} ${status} ${toNumeric(totals.total)}`,
    ),
    facts: facts.map(({ type, times }) => `${type} ${times}`),
    payments: world.app.count('pay'),
    finalized: world.app.count('finalize'),
  };
}

/** Runs `act`; killed at the n-th place, the worker starts again with nothing but Postgres. False when it was not killed. */
async function killedAt(n: number, act: () => Promise<void>): Promise<boolean> {
  world.faults.killAt(n);
  try {
    await act();
    world.faults.off();
    return false;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    world.crash();
    await act();
    return true;
  }
}

const twoPaid = {
  invoices: ['OM-SANDBOX-ACIN-1 paid 6', 'OM-SANDBOX-ACIN-2 paid 36'],
  facts: [
    'InvoiceCreated 1',
    'InvoiceCreated 1',
    'InvoiceIssued 1',
    'InvoiceIssued 1',
    'InvoicePaid 1',
    'InvoicePaid 1',
  ],
  payments: 2,
  finalized: 2,
};

// A month passes some five hundred places. Each run dies at another one: spread over all of it, and right after every
// effect that an app has had, which is where a second effect would come from.
const spread = 14;

describe('a worker that is killed between any two awaits', () => {
  const month = async (): Promise<void> => {
    await world.reset();
    await world.subscribe(pro);
    world.used('2024-01-10T00:00:00Z', 3);
  };
  const untilPaid = (): Promise<void> => world.moveTo('2024-02-01T01:00:00Z');

  it('loses nothing and does nothing twice', async () => {
    await month();
    world.faults.passed.length = 0;
    await untilPaid();
    expect(await outcome()).toEqual(twoPaid);
    const passed = [...world.faults.passed];
    const afterEffects = passed.flatMap((name, index) =>
      /^after app\.(?!validate)/.test(name) ? [index + 1] : [],
    );
    const spreadOut = Array.from(
      { length: spread },
      (_, run) => 1 + Math.floor((run * passed.length) / spread),
    );
    const died = new Set<string>();
    for (const n of new Set([...spreadOut, ...afterEffects])) {
      await month();
      expect(await killedAt(n, untilPaid)).toBe(true);
      const at = world.faults.where;
      expect({ n, at, ...(await outcome()) }).toEqual({ n, at, ...twoPaid });
      died.add(at);
    }
    expect([...died]).toEqual(expect.arrayContaining(['after app.finalize', 'after app.postAdvance']));
    expect(died.size).toBeGreaterThan(10);
  }, 120_000);

  it('pays once though two workers take the same invoice at the same time', async () => {
    await world.reset();
    await world.subscribe(pro);
    world.used('2024-01-10T00:00:00Z', 3);
    await world.moveTo('2024-02-01T00:30:00Z');
    world.clock.set('2024-02-01T01:00:00Z');
    const id = (await world.invoices()).find(({ status }) => status.startsWith('draft'))?.invoice.id ?? '';
    const worker = { namespace: 'default', actor: 'spec' };
    await Promise.all([1, 2, 3, 4].map(() => world.invoicing.advanceInvoice.run(worker, id)));
    expect(await outcome()).toEqual(twoPaid);
  });
});
