import { describe, expect, it } from '@jest/globals';
import type { Price } from '@ledgerline/catalog/core';
import { decimal, instant, toRfc3339 } from '@ledgerline/kernel';
import type { MeterAggregation } from '@ledgerline/rating/core';
import { flat, unit } from '../../test/builders.js';
import { billableAt, billablePart } from './billable-part.js';

const tiers = [{ unitPrice: decimal(1) }];
const prices: Readonly<Record<string, Price>> = {
  flat: flat('5'),
  unit: unit('1'),
  volume: { type: 'tiered', mode: 'volume', tiers },
  graduated: { type: 'tiered', mode: 'graduated', tiers },
};
const january = { from: instant('2024-01-01T00:00:00Z'), to: instant('2024-02-01T00:00:00Z') };

describe('how much of a pending line can be billed', () => {
  it.each<[string, MeterAggregation | undefined, boolean, string, string]>([
    // price, aggregation, progressive, as of, outcome; invoiceAt is 1 February
    ['flat', undefined, true, '2024-01-31T23:59:59Z', 'none'],
    ['flat', undefined, false, '2024-02-01T00:00:00Z', 'whole'],
    ['unit', 'SUM', true, '2024-01-01T00:00:00Z', 'none'],
    ['unit', 'SUM', true, '2024-01-15T00:00:00.900Z', 'until 2024-01-15T00:00:00Z'],
    ['unit', 'COUNT', true, '2024-01-15T00:00:00Z', 'until 2024-01-15T00:00:00Z'],
    ['unit', 'SUM', true, '2024-02-01T00:00:00Z', 'whole'],
    ['unit', 'SUM', false, '2024-01-15T00:00:00Z', 'none'],
    ['unit', 'SUM', false, '2024-02-01T00:00:00Z', 'whole'],
    ['unit', 'AVG', true, '2024-01-15T00:00:00Z', 'none'],
    ['unit', 'LATEST', true, '2024-02-01T00:00:00Z', 'whole'],
    ['unit', undefined, true, '2024-01-15T00:00:00Z', 'none'],
    ['volume', 'SUM', true, '2024-01-15T00:00:00Z', 'none'],
    ['volume', 'SUM', true, '2024-02-01T00:00:00Z', 'whole'],
    ['graduated', 'MAX', true, '2024-01-15T00:00:00Z', 'until 2024-01-15T00:00:00Z'],
  ])('%s over %s, progressive %s, as of %s: %s', (price, aggregation, progressive, asOf, outcome) => {
    const line = { price: prices[price] ?? flat('0'), period: january, invoiceAt: january.to };
    const part = billablePart(line, { asOf: instant(asOf), progressive, aggregation });
    expect(part.part === 'until' ? `until ${toRfc3339(part.splitAt)}` : part.part).toBe(outcome);
  });

  it('is nothing of usage whose period is over before it is to be invoiced, unless billing is progressive', () => {
    const line = { price: unit('1'), period: january, invoiceAt: instant('2024-03-01T00:00:00Z') };
    const asOf = instant('2024-02-01T00:00:00Z');
    expect(billablePart(line, { asOf, progressive: false, aggregation: 'SUM' })).toEqual({ part: 'none' });
    expect(billablePart(line, { asOf, progressive: true, aggregation: 'SUM' })).toEqual({ part: 'whole' });
    expect(toRfc3339(billableAt(line))).toBe('2024-03-01T00:00:00Z');
    expect(toRfc3339(billableAt({ ...line, invoiceAt: january.from }))).toBe('2024-02-01T00:00:00Z');
  });
});
