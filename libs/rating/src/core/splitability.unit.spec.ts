import { describe, expect, it } from '@jest/globals';
import { decimal } from '@ledgerline/kernel';
import { tiers } from '../../test/rating-table.js';
import type { Price } from '@ledgerline/catalog/core';
import { type MeterAggregation, splitability } from './splitability.js';

const ten = decimal('10');
const prices: Record<string, Price> = {
  flat: { type: 'flat', amount: ten, paymentTerm: 'in_arrears' },
  unit: { type: 'unit', amount: ten },
  dynamic: { type: 'dynamic', multiplier: ten },
  package: { type: 'package', amount: ten, quantityPerPackage: ten },
  graduated: { type: 'tiered', mode: 'graduated', tiers: tiers('∞: 1 + 1') },
  volume: { type: 'tiered', mode: 'volume', tiers: tiers('∞: 1 + 1') },
};

describe('billing in parts', () => {
  it.each([
    //             SUM COUNT MAX UNIQUE_COUNT | AVG MIN LATEST none
    ['flat', 'flat-price', 'flat-price'],
    ['unit', 'yes', 'aggregation'],
    ['dynamic', 'yes', 'aggregation'],
    ['package', 'yes', 'aggregation'],
    ['graduated', 'yes', 'aggregation'],
    ['volume', 'volume-tiers', 'volume-tiers'],
  ])('%s', (name, cumulative, other) => {
    const price = prices[name];
    if (price === undefined) throw new Error(`no price ${name}`);
    const answer = (aggregation: MeterAggregation | undefined): string => {
      const result = splitability(price, aggregation);
      return result.splittable ? 'yes' : result.reason;
    };
    expect((['SUM', 'COUNT', 'MAX', 'UNIQUE_COUNT'] as const).map(answer)).toEqual(Array(4).fill(cumulative));
    expect((['AVG', 'MIN', 'LATEST', undefined] as const).map(answer)).toEqual(Array(4).fill(other));
  });
});
