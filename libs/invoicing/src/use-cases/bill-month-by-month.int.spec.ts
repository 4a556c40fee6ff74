import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { toNumeric, toRfc3339 } from '@ledgerline/kernel';
import { aSubscription, flat, unit } from '../../test/builders.js';
import { BillingWorld } from '../../test/billing-world.js';

let world: BillingWorld;
beforeAll(async () => {
  world = await BillingWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.reset());

/** Every invoice in a few words. */
async function story(): Promise<string[]> {
  return (await world.invoices()).map(({ invoice, status, totals, lines = [] }) =>
    [
      invoice.number,
      status,
      toNumeric(totals.total),
      ...lines.map(
        (line) => `${line.name} ${day(line.period.from)}..${day(line.period.to)} @${day(line.invoiceAt)}`,
      ),
    ].join(' | '),
  );
}
const day = (at: Parameters<typeof toRfc3339>[0]): string => toRfc3339(at).slice(5, 10);

const pro = aSubscription({
  items: [
    { key: 'fee', price: flat('6') },
    { key: 'api', price: unit('10') },
  ],
});

describe('one month, one plan', () => {
  it('bills the fee at once and usage at the end of its month', async () => {
    await world.subscribe(pro);
    await world.settle();
    expect(await story()).toEqual([
      'GATHER-ACIN-USD-1 | gathering | 6 | api 01-01..02-01 @02-01 | fee 02-01..03-01 @02-01',
      'OM-SANDBOX-ACIN-1 | paid | 6 | fee 01-01..02-01 @01-01',
    ]);
  });

  it('waits an hour for late usage, then issues and is paid', async () => {
    await world.subscribe(pro);
    world.used('2024-01-10T00:00:00Z', 3);
    await world.moveTo('2024-02-01T00:30:00Z');
    expect((await story())[2]).toBe(
      'DRAFT-ACIN-2 | draft.waiting_for_collection | 36 | api 01-01..02-01 @02-01 | fee 02-01..03-01 @02-01',
    );
    const [, , waiting] = await world.invoices();
    expect(waiting?.invoice).not.toMatchObject({ quantitySnapshotedAt: expect.anything() });

    world.used('2024-01-31T23:00:00Z', 2); // late, but within the hour
    await world.moveTo('2024-02-01T01:00:00Z');
    world.used('2024-01-31T23:30:00Z', 100); // too late
    await world.settle();
    expect(await story()).toEqual([
      'GATHER-ACIN-USD-1 | gathering | 6 | api 02-01..03-01 @03-01 | fee 03-01..04-01 @03-01',
      'OM-SANDBOX-ACIN-1 | paid | 6 | fee 01-01..02-01 @01-01',
      'OM-SANDBOX-ACIN-2 | paid | 56 | api 01-01..02-01 @02-01 | fee 02-01..03-01 @02-01',
    ]);
  });

  it('bills three months in one move of the clock', async () => {
    await world.subscribe(pro);
    world.used('2024-01-10T00:00:00Z', 1);
    world.used('2024-02-10T00:00:00Z', 2);
    world.used('2024-03-10T00:00:00Z', 3);
    await world.moveTo('2024-04-01T02:00:00Z');
    expect((await story()).slice(1)).toEqual([
      'OM-SANDBOX-ACIN-1 | paid | 6 | fee 01-01..02-01 @01-01',
      'OM-SANDBOX-ACIN-2 | paid | 16 | api 01-01..02-01 @02-01 | fee 02-01..03-01 @02-01',
      'OM-SANDBOX-ACIN-3 | paid | 26 | api 02-01..03-01 @03-01 | fee 03-01..04-01 @03-01',
      'OM-SANDBOX-ACIN-4 | paid | 36 | api 03-01..04-01 @04-01 | fee 04-01..05-01 @04-01',
    ]);
    const last = (await world.invoices())[4];
    expect(last?.invoice).toMatchObject({ kind: 'standard' });
    const dates = last?.invoice.kind === 'standard' ? last.invoice : undefined;
    expect([dates?.collectionAt, dates?.draftUntil, dates?.issuedAt, dates?.dueAt].map(String)).toEqual([
      '2024-04-01T01:00:00Z',
      '2024-04-01T01:00:00Z',
      '2024-04-01T01:00:00Z',
      '2024-05-01T01:00:00Z',
    ]);
  });
});
