import { describe, expect, it } from '@jest/globals';
import { acceptedOrThrow, decimal, toNumeric, ZERO } from '@ledgerline/kernel';
import { aLine, inShort, rated, rateInSplits, tiers } from '../../test/rating-table.js';
import { asEarlierSplit, type Credit } from './line.js';
import type { Price } from '@ledgerline/catalog/core';
import { rateLine } from './rate-line.js';

const unit = (amount: string, commitments: { min?: string; max?: string } = {}): Price => ({
  type: 'unit',
  amount: decimal(amount),
  ...(commitments.min === undefined ? {} : { minimumAmount: decimal(commitments.min) }),
  ...(commitments.max === undefined ? {} : { maximumAmount: decimal(commitments.max) }),
});
const percent = (percentage: string) => ({
  percentage: { percentage: decimal(percentage), correlationId: 'P' },
});
const free = (quantity: string) => ({ usage: { quantity: decimal(quantity), correlationId: 'U' } });
const credits = (...amounts: string[]): Credit[] => amounts.map((amount) => ({ amount: decimal(amount) }));
const issueOf = (line: Parameters<typeof rateLine>[0]) => rateLine(line).refused?.issues?.[0];

describe('percentage discount', () => {
  it.each([
    ['50', '10', 'unit-price-usage 10×1 −5, = 5'],
    ['100', '10', 'unit-price-usage 10×1 −10, = 0'],
    ['0', '10', 'unit-price-usage 10×1, = 10'],
    ['33.3', '0.1', 'unit-price-usage 0.1×1 −0.03, = 0.07'],
    ['12.5', '0.04', 'unit-price-usage 0.04×1 −0.01, = 0.03'],
  ])('%s %% off %s', (percentage, usage, rows) => {
    expect(rated(unit('1'), usage, { discounts: percent(percentage) })).toBe(rows);
  });

  it('applies to a flat price as well, usage discounts and commitments do not', () => {
    const flat: Price = { type: 'flat', amount: decimal('200'), paymentTerm: 'in_arrears' };
    expect(rated(flat, '1', { discounts: { ...percent('50'), ...free('9') } })).toBe(
      'flat-price 1×200 −100, = 100',
    );
  });
});

describe('usage discount', () => {
  it('is used up part by part, and free units do not move later ones up the tiers', () => {
    const parts = rateInSplits(unit('100'), ['50', '75', '30'], { discounts: free('110') });
    const figures = parts.map((part) => [
      toNumeric(part.quantity),
      toNumeric(part.preLinePeriodQuantity),
      toNumeric(part.meteredPreLinePeriodQuantity),
      part.usageDiscounts.map(
        (used) => `${toNumeric(used.quantity)} after ${toNumeric(used.preLinePeriodQuantity)}`,
      ),
      toNumeric(part.totals.total),
    ]);
    expect(figures).toEqual([
      // quantity pre metered-pre discount total
      ['0', '0', '0', ['50 after 0'], '0'],
      ['15', '0', '50', ['60 after 50'], '1500'],
      ['30', '15', '125', [], '3000'],
    ]);
  });

  it('counts only discounts of the same name, in parts that end before the line starts', () => {
    const [first] = rateInSplits(unit('1'), ['40', '0'], { discounts: free('100') }).map(asEarlierSplit);
    if (first === undefined) throw new Error('no part');
    const later = { ...first, period: { from: first.period.to, to: first.period.to.add({ hours: 48 }) } };
    const other = { ...first, usageDiscounts: [{ correlationId: 'X', quantity: decimal('40') }] };
    const period = { from: first.period.to, to: first.period.to.add({ hours: 24 }) };
    const line = aLine(unit('1'), '100', {
      period,
      groupPeriod: { from: first.period.from, to: period.to },
      earlierSplits: [first, later, other],
      meteredPreLinePeriodQuantity: decimal('40'),
      discounts: free('100'),
    });
    expect(inShort(acceptedOrThrow(rateLine(line)))).toBe('unit-price-usage 40×1, = 40');
  });

  it('refuses parts that have used more than there is', () => {
    const [first] = rateInSplits(unit('1'), ['40', '0'], { discounts: free('100') }).map(asEarlierSplit);
    if (first === undefined) throw new Error('no part');
    const period = { from: first.period.to, to: first.period.to.add({ hours: 24 }) };
    const line = aLine(unit('1'), '1', { period, earlierSplits: [first], discounts: free('39') });
    expect(issueOf(line)).toMatchObject({
      severity: 'critical',
      code: 'invoice_line_usage_discount_overused',
      component: 'openmeter',
    });
  });
});

describe('maximum', () => {
  it('counts earlier parts before their discounts', () => {
    expect(rateInSplits(unit('100', { max: '2000' }), ['20', '30']).map(inShort)).toEqual([
      'unit-price-usage 20×100, = 2000',
      'unit-price-usage 30×100 −3000, = 0',
    ]);
    // Half of the first part was given away; its full amount still counts.
    const halved = rateInSplits(unit('100', { max: '2000' }), ['20', '30'], { discounts: percent('50') });
    expect(halved.map(inShort)).toEqual([
      'unit-price-usage 20×100 −1000, = 1000',
      'unit-price-usage 30×100 −1500 −1500, = 0',
    ]);
  });

  it('caps the rows of one line in order', () => {
    const price: Price = {
      type: 'tiered',
      mode: 'graduated',
      tiers: tiers('5: _ + 10 | ∞: 30 + 1'),
      maximumAmount: decimal('60'),
    };
    expect(rated(price, '6')).toBe(
      'graduated-tiered-1-price-usage 5×10, graduated-tiered-2-price-usage 1×1, ' +
        'graduated-tiered-2-flat-price 1×30 −21, = 60',
    );
  });

  it('bills nothing under a maximum of zero', () => {
    expect(rated(unit('1', { max: '0' }), '5')).toBe('unit-price-usage 5×1 −5, = 0');
  });
});

describe('minimum', () => {
  it('is charged once, with the last part, for the whole service period', () => {
    const parts = rateInSplits(unit('10', { min: '100' }), ['2', '3', '0']);
    expect(parts.map(inShort)).toEqual([
      'unit-price-usage 2×10, = 20',
      'unit-price-usage 3×10, = 30',
      'min-spend 1×50, = 50',
    ]);
    const charge = parts[2]?.detailedLines[0];
    expect(charge).toMatchObject({
      category: 'commitment',
      name: 'N: minimum spend',
      paymentTerm: 'in_arrears',
    });
    expect(charge?.period.from.equals(parts[0]?.period.from ?? '')).toBe(true);
    expect(toNumeric(charge?.totals.chargesTotal ?? ZERO)).toBe('50');
    expect(toNumeric(charge?.totals.amount ?? ZERO)).toBe('0');
  });

  it.each([
    ['exactly reached', '10', 'unit-price-usage 10×10, = 100'],
    ['passed', '11', 'unit-price-usage 11×10, = 110'],
    ['missed', '9', 'unit-price-usage 9×10, min-spend 1×10, = 100'],
  ])('%s', (_, usage, rows) => {
    expect(rated(unit('10', { min: '100' }), usage)).toBe(rows);
  });

  it('is not discounted, and a discount that falls below it is charged again', () => {
    expect(rated(unit('10', { min: '100' }), '10', { discounts: percent('50') })).toBe(
      'unit-price-usage 10×10 −50, min-spend 1×50, = 100',
    );
  });

  it('adds no row for less than a cent', () => {
    expect(rated(unit('10', { min: '100.004' }), '10')).toBe('unit-price-usage 10×10, = 100');
  });
});

describe('credits', () => {
  it('pay the rows in order, the minimum too', () => {
    expect(rated(unit('10', { min: '50' }), '2', { credits: credits('15', '10', '5') })).toBe(
      'unit-price-usage 2×10 −credit 15 −credit 5, min-spend 1×30 −credit 5 −credit 5, = 20',
    );
  });

  it('are refused when the line costs less', () => {
    expect(issueOf(aLine(unit('1'), '5', { credits: credits('5', '0.5') }))).toMatchObject({
      code: 'invoice_line_credits_not_consumed_fully',
      message: 'credits exceed what the line costs by 0.5 USD',
    });
  });
});

describe('prices that cannot be rated', () => {
  const volume: Price = { type: 'tiered', mode: 'volume', tiers: tiers('5: 1 + _ | ∞: 1 + _') };
  const graduated = (text: string): Price => ({ type: 'tiered', mode: 'graduated', tiers: tiers(text) });
  const ofZero: Price = { type: 'package', amount: decimal('1'), quantityPerPackage: ZERO };

  it.each([
    ['volume with earlier usage', volume, '3', 'invoice_line_graduated_split_not_supported'],
    ['no tiers', { ...volume, tiers: [] }, '0', 'invoice_line_no_tiers'],
    ['no open-ended tier', graduated('5: 1 + _'), '0', 'invoice_line_missing_open_ended_tier'],
    ['two open-ended tiers', graduated('∞: 1 + _ | ∞: 2 + _'), '0', 'invoice_line_multiple_open_ended_tiers'],
    ['packages of zero', ofZero, '0', 'invoice_line_package_quantity_not_positive'],
  ] as const)('%s', (_, price, before, code) => {
    const line = aLine(price, '1', { meteredPreLinePeriodQuantity: decimal(before) });
    expect(issueOf(line)).toMatchObject({ code, severity: 'critical' });
  });
});
