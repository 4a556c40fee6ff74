import { describe, expect, it } from '@jest/globals';
import { decimal, findCurrency, instant, toNumeric } from '@ledgerline/kernel';
import { aSubscription } from '../../test/builders.js';
import { currencyOf } from './explain-line.js';
import { proratedAmount } from './prorate.js';

const period = (from: string, to: string) => ({ from: instant(from), to: instant(to) });
const january = period('2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z');
const price = (amount: string) => ({
  type: 'flat' as const,
  amount: decimal(amount),
  paymentTerm: 'in_advance' as const,
});

describe('a fee for a part of its period', () => {
  it.each<[string, string, string, string | undefined, boolean, string]>([
    ['10', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', undefined, true, '0.32'],
    ['20', '2024-01-02T00:00:00Z', '2024-02-01T00:00:00Z', undefined, true, '19.35'],
    ['5', '2024-01-01T00:00:00Z', '2024-01-01T00:00:40Z', undefined, true, '0'],
    ['6', '2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z', undefined, true, '6'],
    // cut by the end of the subscription it is charged in full
    ['9', '2024-01-01T00:00:00Z', '2024-01-11T00:00:00Z', '2024-01-11T00:00:00.5Z', true, '9'],
    ['10', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', '2024-01-11T00:00:00Z', true, '0.32'],
    ['10', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', undefined, false, '10'],
    // due once, with an end that is not known
    ['10', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', undefined, true, '10'],
  ])('%s for %s..%s, subscription until %s, prorated %s: %s', (amount, from, to, end, enabled, expected) => {
    const view = aSubscription({ proRating: enabled, ...(end === undefined ? {} : { to: end }) });
    const line = { servicePeriod: period(from, to), fullServicePeriod: january };
    expect(toNumeric(proratedAmount(price(amount), line, view, currencyOf('USD')))).toBe(expected);
  });

  it('has at most the decimals of the currency', () => {
    const line = {
      servicePeriod: period('2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z'),
      fullServicePeriod: january,
    };
    expect(findCurrency('JPY')?.subunits).toBe(0);
    expect(toNumeric(proratedAmount(price('100'), line, aSubscription({}), currencyOf('JPY')))).toBe('3');
  });
});
