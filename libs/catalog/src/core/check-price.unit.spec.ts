import { describe, expect, it } from '@jest/globals';
import { decimal } from '@ledgerline/kernel';
import { checkDiscounts, checkPrice } from './check-price.js';
import { type PriceJson, priceFromJson } from './price-json.js';

const tier = (upTo: string | undefined, unit: string | null, flat: string | null = null) => ({
  ...(upTo === undefined ? {} : { upToAmount: upTo }),
  flatPrice: flat === null ? null : { type: 'flat', amount: flat },
  unitPrice: unit === null ? null : { type: 'unit', amount: unit },
});
const tiered = (...tiers: object[]) => ({ type: 'tiered', mode: 'volume', tiers });
const messagesOf = (price: unknown): string[] =>
  checkPrice(priceFromJson(price as PriceJson), '$.price').map(({ message }) => message);

describe('checkPrice', () => {
  it.each([
    { type: 'flat', amount: '0' },
    { type: 'unit', amount: '0.0001', minimumAmount: '10', maximumAmount: '10' },
    // Zero is no commitment, so the minimum is not above it.
    { type: 'unit', amount: '1', minimumAmount: '10', maximumAmount: '0' },
    { type: 'dynamic' },
    { type: 'package', amount: '0', quantityPerPackage: '0.5' },
    tiered(tier(undefined, '1')),
    tiered(tier('10', '1'), tier('20', null, '2'), tier(undefined, '0')),
  ])('takes %j', (price) => {
    expect(messagesOf(price)).toEqual([]);
  });

  it.each<[unknown, string]>([
    [{ type: 'flat', amount: '-1' }, 'the amount must not be negative'],
    [{ type: 'unit', amount: '-0.01' }, 'the amount must not be negative'],
    [{ type: 'unit', amount: '1', minimumAmount: '-1' }, 'the minimum amount must not be negative'],
    [{ type: 'unit', amount: '1', maximumAmount: '-1' }, 'the maximum amount must not be negative'],
    [
      { type: 'dynamic', minimumAmount: '11', maximumAmount: '10' },
      'the minimum amount must not be greater than the maximum amount',
    ],
    [{ type: 'dynamic', multiplier: '-1' }, 'the multiplier must not be negative'],
    [{ type: 'package', amount: '-1', quantityPerPackage: '1' }, 'the amount must not be negative'],
    [
      { type: 'package', amount: '1', quantityPerPackage: '0' },
      'the quantity per package must be greater than zero',
    ],
    [tiered(), 'a tiered price needs at least one tier'],
    [tiered(tier('10', '1')), 'one tier must be open-ended: leave its upToAmount out'],
    [tiered(tier(undefined, '1'), tier(undefined, '2')), 'only one tier can be open-ended'],
    [tiered(tier('-1', '1'), tier(undefined, '2')), 'upToAmount must not be negative'],
    [tiered(tier('10', '1'), tier('10.0', '2'), tier(undefined, '3')), 'two tiers have the same upToAmount'],
    [tiered(tier('10', null), tier(undefined, '1')), 'each tier needs a flat price or a unit price'],
    [tiered(tier('10', '1'), tier(undefined, '-1')), 'tier prices must not be negative'],
    [tiered(tier('10', '1', '-1'), tier(undefined, '1')), 'tier prices must not be negative'],
  ])('refuses %j', (price, message) => {
    expect(messagesOf(price)).toEqual([message]);
  });
});

describe('checkDiscounts', () => {
  const unit = priceFromJson({ type: 'unit', amount: '1' });
  const flat = priceFromJson({ type: 'flat', amount: '1' });
  const percent = (value: string) => ({ percentage: { percentage: decimal(value) } });
  const usage = (value: string) => ({ usage: { quantity: decimal(value) } });

  it.each([
    [percent('0'), unit, []],
    [percent('100'), flat, []],
    [usage('10'), unit, []],
    [{}, undefined, []],
    [percent('100.01'), unit, ['critical percentage_discount_invalid_value $.discounts.percentage']],
    [percent('-1'), unit, ['critical percentage_discount_invalid_value $.discounts.percentage']],
    [usage('-1'), unit, ['warning usage_discount_negative_quantity $.discounts.usage']],
    [usage('1'), flat, ['warning usage_discount_with_flat_price $.discounts.usage']],
    [usage('1'), undefined, ['critical discount_without_price $.discounts']],
    [percent('1'), undefined, ['critical discount_without_price $.discounts']],
  ])('%j', (discounts, price, expected) => {
    const issues = checkDiscounts(discounts, price, '$.discounts');
    expect(issues.map(({ severity, code, field }) => `${severity} ${code} ${field}`)).toEqual(expected);
  });
});
