import { describe, expect, it } from '@jest/globals';
import { acceptedOrThrow, decimal } from '@ledgerline/kernel';
import { aLine } from '../../test/rating-table.js';
import { explain } from './explain.js';
import type { Price } from '@ledgerline/catalog/core';
import { rateLine } from './rate-line.js';

const unit: Price = { type: 'unit', amount: decimal('0.015'), minimumAmount: decimal('20') };
const from = 'N from 2025-01-01T00:00:00Z to 2025-01-02T00:00:00Z';

describe('explaining a line', () => {
  it('says every fact that leads to the total', () => {
    const line = aLine(unit, '1100', {
      discounts: {
        usage: { quantity: decimal('100'), correlationId: 'U' },
        percentage: { percentage: decimal('10'), correlationId: 'P' },
      },
      credits: [{ amount: decimal('4'), description: 'welcome credit' }],
    });
    expect(explain(acceptedOrThrow(rateLine(line)))).toEqual([
      from,
      '100 of 1100 units are free of charge, 1000 are billed.',
      'N: usage in period: 1000 × 0.015 USD = 15.00 USD',
      '  less 1.50 USD: 10 % discount',
      '  less 4.00 USD: paid with welcome credit',
      'N: minimum spend: 6.50 USD is missing to the agreed minimum.',
      'Total: 15.00 USD + 6.50 USD commitments − 1.50 USD discounts − 4.00 USD credits = 16.00 USD',
    ]);
  });

  it('says why a maximum takes something off', () => {
    const capped: Price = { type: 'unit', amount: decimal('1'), maximumAmount: decimal('3') };
    expect(explain(acceptedOrThrow(rateLine(aLine(capped, '5')))).slice(1)).toEqual([
      'N: usage in period: 5 × 1 USD = 5.00 USD',
      '  less 2.00 USD: Maximum spend discount for charges over 3',
      'Total: 5.00 USD − 2.00 USD discounts = 3.00 USD',
    ]);
  });

  it('says that nothing is charged', () => {
    const free: Price = { type: 'unit', amount: decimal('1') };
    expect(explain(acceptedOrThrow(rateLine(aLine(free, '0'))))).toEqual([
      from,
      'Nothing is charged in this period.',
      'Total: 0.00 USD',
    ]);
  });
});
