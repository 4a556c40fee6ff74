import { describe, expect, it } from '@jest/globals';
import { decimal, instant } from '@ledgerline/kernel';
import { currencyOf, inShort, rated, rateInSplits, tiers } from '../../test/rating-table.js';
import type { Price } from '@ledgerline/catalog/core';

const flat = (paymentTerm: 'in_advance' | 'in_arrears'): Price => ({
  type: 'flat',
  amount: decimal('100'),
  paymentTerm,
});
const unit = (amount: string): Price => ({ type: 'unit', amount: decimal(amount) });

describe('flat', () => {
  it.each([
    ['in_advance', ['flat-price 1×100, = 100', '= 0', '= 0']],
    ['in_arrears', ['= 0', '= 0', 'flat-price 1×100, = 100']],
  ] as const)('%s is billed once, with the first or the last part', (term, parts) => {
    expect(rateInSplits(flat(term), ['0', '5', '9']).map(inShort)).toEqual(parts);
  });

  it('does not look at the quantity', () => {
    expect(rated(flat('in_advance'), '7')).toBe('flat-price 1×100, = 100');
  });

  it('is billed for an empty period too', () => {
    const moment = instant('2025-01-01T00:00:00Z');
    expect(rated(flat('in_arrears'), '0', { period: { from: moment, to: moment } })).toBe(
      'flat-price 1×100, = 100',
    );
  });
});

describe('unit', () => {
  it.each([
    //  price      usage    rows
    ['10', '0', '= 0'],
    ['10', '-3', '= 0'],
    ['10', '3', 'unit-price-usage 3×10, = 30'],
    ['0.005', '1', 'unit-price-usage 1×0.005, = 0.01'],
    ['0.005', '3', 'unit-price-usage 3×0.005, = 0.02'],
    ['0.0049', '1', 'unit-price-usage 1×0.0049, = 0'],
    ['0.000001', '1234567', 'unit-price-usage 1234567×0.000001, = 1.23'],
    ['1.005', '1', 'unit-price-usage 1×1.005, = 1.01'],
    ['0.1', '0.1', 'unit-price-usage 0.1×0.1, = 0.01'],
  ])('%s × %s', (amount, usage, rows) => {
    expect(rated(unit(amount), usage)).toBe(rows);
  });

  it.each([
    ['JPY', '= 2'],
    ['KWD', '= 1.5'],
  ])('rounds to the subunits of %s', (code, total) => {
    expect(rated(unit('1.5'), '1', { currency: currencyOf(code) })).toBe(`unit-price-usage 1×1.5, ${total}`);
  });
});

describe('dynamic', () => {
  it.each([
    //  multiplier  usage    rows
    ['1', '0', '= 0'],
    ['1', '12.345', 'usage 1×12.35, = 12.35'],
    ['1.33333', '10', 'usage 1×13.33, = 13.33'],
    ['0', '10', 'usage 1×0, = 0'],
  ])('× %s of %s', (multiplier, usage, rows) => {
    expect(rated({ type: 'dynamic', multiplier: decimal(multiplier) }, usage)).toBe(rows);
  });
});

describe('package', () => {
  const tens: Price = { type: 'package', amount: decimal('15'), quantityPerPackage: decimal('10') };

  it.each([
    // usage     rows
    ['0', '= 0'],
    ['0.001', 'usage 1×15, = 15'],
    ['10', 'usage 1×15, = 15'],
    ['10.001', 'usage 2×15, = 30'],
    ['100', 'usage 10×15, = 150'],
  ])('%s in tens', (usage, rows) => {
    expect(rated(tens, usage)).toBe(rows);
  });

  it('charges a package when it is opened, and gives it back when usage is corrected', () => {
    expect(rateInSplits(tens, ['5', '5', '0', '1', '-2']).map(inShort)).toEqual([
      'usage 1×15, = 15',
      '= 0',
      '= 0',
      'usage 1×15, = 15',
      'usage -1×15, = -15',
    ]);
  });
});

describe('graduated', () => {
  const price: Price = {
    type: 'tiered',
    mode: 'graduated',
    tiers: tiers('10: 100 + 10 | 20: 200 + 5 | ∞: _ + 80'),
  };
  const [zero, one] = ['graduated-tiered-1-price-usage 0×10', 'graduated-tiered-1-flat-price 1×100'];

  it.each([
    // usage   rows
    ['0', `${zero}, ${one}, = 100`],
    ['10', `graduated-tiered-1-price-usage 10×10, ${one}, = 200`],
    [
      '10.5',
      `graduated-tiered-1-price-usage 10×10, ${one}, graduated-tiered-2-price-usage 0.5×5, graduated-tiered-2-flat-price 1×200, = 402.5`,
    ],
  ])('%s', (usage, rows) => {
    expect(rated(price, usage)).toBe(rows);
  });

  it('bills the first fee with the first part, used or not, and never again', () => {
    expect(rateInSplits(price, ['0', '0', '15', '10']).map(inShort)).toEqual([
      `${zero}, ${one}, = 100`,
      `${zero}, = 0`,
      'graduated-tiered-1-price-usage 10×10, graduated-tiered-2-price-usage 5×5, graduated-tiered-2-flat-price 1×200, = 325',
      'graduated-tiered-2-price-usage 5×5, graduated-tiered-3-price-usage 5×80, = 425',
    ]);
  });
});

describe('volume', () => {
  const price: Price = {
    type: 'tiered',
    mode: 'volume',
    tiers: tiers('5: 100 + _ | 10: 50 + 1 | ∞: _ + 5'),
  };

  it.each([
    // usage   rows
    ['0', 'volume-flat-price 1×100, = 100'],
    ['5', 'volume-flat-price 1×100, = 100'],
    ['5.1', 'volume-flat-price 1×50, volume-tiered-price 5.1×1, = 55.1'],
    ['10', 'volume-flat-price 1×50, volume-tiered-price 10×1, = 60'],
    ['11', 'volume-tiered-price 11×5, = 55'],
  ])('%s', (usage, rows) => {
    expect(rated(price, usage)).toBe(rows);
  });
});
