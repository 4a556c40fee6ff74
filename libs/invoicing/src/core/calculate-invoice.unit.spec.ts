import { describe, expect, it } from '@jest/globals';
import type { Price } from '@ledgerline/catalog/core';
import { decimal, instant, sum, toNumeric } from '@ledgerline/kernel';
import { sumTotals } from '@ledgerline/rating/core';
import fc from 'fast-check';
import { flat, unit } from '../../test/builders.js';
import { calculateInvoice, type InvoiceState } from './calculate-invoice.js';
import type { StandardInvoice } from './invoice.js';
import type { Line } from './line.js';
import { splitLine } from './plan-invoicing.js';
import { meteredFrom } from './usage-of-line.js';
import { workflowFromJson } from './workflow.js';

let ids = 0;
const made = { newId: () => `id-${(ids += 1)}`, now: instant('2024-02-01T00:00:00Z') };
const january = { from: instant('2024-01-01T00:00:00Z'), to: instant('2024-02-01T00:00:00Z') };

const aLine = (id: string, price: Price, used: number, more: Partial<Line> = {}): Line => ({
  id,
  namespace: 'default',
  invoiceId: 'invoice',
  name: id,
  price,
  currency: 'USD',
  managedBy: 'manual',
  period: january,
  invoiceAt: january.to,
  metered: meteredFrom(price.type === 'flat' ? [] : [decimal(used)]),
  createdAt: january.from,
  updatedAt: january.from,
  ...more,
});
const stateOf = (lines: readonly Line[]): InvoiceState => ({
  invoice: {
    kind: 'standard',
    id: 'invoice',
    status: 'draft.created',
    workflow: workflowFromJson({}),
    totals: sumTotals([]),
    issues: [],
  } as unknown as StandardInvoice,
  lines,
  groups: new Map(),
  billedOfGroups: [],
});

describe('an invoice', () => {
  it('is the sum of its live lines, and each of those the sum of its parts', () => {
    const line = fc.record({
      amount: fc.integer({ min: 0, max: 100_000 }),
      used: fc.integer({ min: 0, max: 1_000 }),
      percent: fc.integer({ min: 0, max: 100 }),
      metered: fc.boolean(),
      deleted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (drafts) => {
        const lines = drafts.map(({ amount, used, percent, metered, deleted }, index) =>
          aLine(`line ${index}`, metered ? unit(String(amount / 1000)) : flat(String(amount / 100)), used, {
            discounts: { percentage: { percentage: decimal(percent), correlationId: `d${index}` } },
            ...(deleted ? { deletedAt: january.to } : {}),
          }),
        );
        const { invoice, lines: rated } = calculateInvoice(stateOf(lines), made);
        const ofLines = rated.flatMap((one) => one.rated?.totals.total ?? []);
        expect(toNumeric(invoice.totals.total)).toBe(toNumeric(sum(ofLines)));
        for (const { rated: one } of rated) {
          if (one === undefined) continue;
          expect(toNumeric(sum(one.children.map(({ totals }) => totals.total)))).toBe(
            toNumeric(one.totals.total),
          );
          const { amount, chargesTotal, discountsTotal, creditsTotal, total } = one.totals;
          expect(total.equals(amount.plus(chargesTotal).minus(discountsTotal).minus(creditsTotal))).toBe(
            true,
          );
          expect(total.decimalPlaces()).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it('keeps the ids of what is calculated again', () => {
    const first = calculateInvoice(stateOf([aLine('usage', unit('2'), 3)]), made);
    const more = first.lines.map((line) => ({ ...line, metered: meteredFrom([decimal(5)]) }));
    const second = calculateInvoice({ ...first, lines: more }, made);
    expect(second.lines[0]?.rated?.children[0]?.id).toBe(first.lines[0]?.rated?.children[0]?.id);
    expect(toNumeric(second.invoice.totals.total)).toBe('10');
  });

  it('says which line cannot be calculated, and forgets it once it can', () => {
    const volume: Price = { type: 'tiered', mode: 'volume', tiers: [] };
    const broken = calculateInvoice(stateOf([aLine('broken', volume, 1)]), made);
    expect(broken.invoice.issues).toMatchObject([
      { severity: 'critical', component: 'openmeter', field: 'lines/broken/price.tiers' },
    ]);
    const mended = calculateInvoice({ ...broken, lines: [aLine('broken', unit('1'), 1)] }, made);
    expect(mended.invoice.issues).toEqual([]);
  });
});

describe('splitting a line', () => {
  it('leaves two parts that touch, one family and one that keeps its id', () => {
    const splitAt = instant('2024-01-15T00:00:00Z');
    const line = aLine('usage', unit('1'), 0, { uniqueId: 'unique' });
    const { billed, rest, group } = splitLine(line, splitAt, made);
    expect(billed).toMatchObject({
      id: 'usage',
      period: { to: splitAt },
      invoiceAt: splitAt,
      uniqueId: undefined,
    });
    expect(rest).toMatchObject({ period: { from: splitAt, to: january.to }, invoiceAt: january.to });
    expect(group).toMatchObject({ uniqueId: 'unique', period: january });
    const again = splitLine(rest, instant('2024-01-20T00:00:00Z'), made);
    expect(again.group).toBeUndefined();
    expect(again.billed.splitGroupId).toBe(group?.id);
  });

  it('never changes what a unit price adds up to', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 4 });
    const daily = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 31, maxLength: 31 });
    fc.assert(
      fc.property(cuts, daily, (days, usage) => {
        const borders = [...new Set([0, ...days, 31])].sort((a, b) => a - b);
        const upTo = (day: number) => decimal(usage.slice(0, day).reduce((a, b) => a + b, 0));
        const at = (day: number) => january.from.add({ hours: 24 * day });
        const group = { id: 'g', period: january } as never;
        const parts = borders.slice(1).map((to, index) => {
          const from = borders[index] ?? 0;
          const metered = from === 0 ? meteredFrom([upTo(to)]) : meteredFrom([upTo(from), upTo(to)]);
          return aLine(`p${index}`, unit('7'), 0, {
            period: { from: at(from), to: at(to) },
            splitGroupId: 'g',
            metered,
          });
        });
        const state = { ...stateOf(parts), groups: new Map([['g', group]]) };
        expect(toNumeric(calculateInvoice(state, made).invoice.totals.total)).toBe(
          toNumeric(upTo(31).times(7)),
        );
      }),
    );
  });
});
