import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addDuration,
  decimal,
  findCurrency,
  instant,
  instantFromMs,
  isUlid,
  Money,
  newId,
  nextRecurrenceAtOrAfter,
  parseDuration,
  parseNumeric,
  periodContains,
  recurrenceAt,
  recurrencePeriodAt,
  roundToCurrency,
  toNumeric,
  ceilToMinute,
  floorToMinute,
  type Duration,
} from './index.js';

const duration = (text: string): Duration => {
  const read = parseDuration(text);
  if (read === undefined) throw new Error(`no duration: ${text}`);
  return read;
};

describe('decimals', () => {
  it('never writes an exponent, a trailing zero or a negative zero', () => {
    expect(toNumeric(decimal('1e21'))).toBe('1000000000000000000000');
    expect(toNumeric(decimal('1.500'))).toBe('1.5');
    expect(toNumeric(decimal('-0'))).toBe('0');
    expect(toNumeric(decimal('0.0000000001'))).toBe('0.0000000001');
  });

  it('reads the contract numeric pattern and nothing else', () => {
    expect(parseNumeric('-12.50')?.toString()).toBe('-12.5');
    for (const text of ['', '1e3', 'Infinity', '0x10', '1.', '.5', '1 ', 'NaN'])
      expect(parseNumeric(text)).toBeUndefined();
  });

  it('rounds half away from zero, also below zero', () => {
    const usd = findCurrency('USD');
    if (usd === undefined) throw new Error('no USD');
    expect(roundToCurrency(decimal('1.005'), usd).toString()).toBe('1.01');
    expect(roundToCurrency(decimal('-1.005'), usd).toString()).toBe('-1.01');
    expect(
      Money.of(decimal('0.1'), usd)
        .plus(Money.of(decimal('0.2'), usd))
        .toString(),
    ).toBe('0.3 USD');
  });

  it('refuses to mix currencies', () => {
    const [usd, jpy] = [findCurrency('USD'), findCurrency('JPY')];
    if (usd === undefined || jpy === undefined) throw new Error('no currency');
    expect(jpy.subunits).toBe(0);
    expect(() => Money.zero(usd).plus(Money.zero(jpy))).toThrow('cannot combine');
  });
});

describe('durations', () => {
  it.each([
    ['2025-01-31T00:00:00Z', 'P1M', '2025-02-28T00:00:00Z'],
    ['2024-02-29T00:00:00Z', 'P1Y', '2025-02-28T00:00:00Z'],
    ['2025-03-31T00:00:00Z', '-P1M', '2025-02-28T00:00:00Z'],
    ['2025-03-31T00:00:00Z', 'P-1M', '2025-02-28T00:00:00Z'],
    ['2025-01-01T00:00:00Z', 'P1DT1.5S', '2025-01-02T00:00:01.5Z'],
  ])('%s + %s = %s', (from, text, to) => {
    expect(addDuration(instant(from), duration(text)).toString()).toBe(to);
  });

  it.each(['', 'P', 'PT', 'P1', '1M', 'P1.5M', 'P1M-1D', 'P1M-2D'])('refuses %s', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe('recurrences', () => {
  it('steps from the anchor: a month end does not drift', () => {
    const monthly = { interval: duration('P1M'), anchor: instant('2025-01-31T00:00:00Z') };
    expect([1, 2, 3, -1].map((n) => recurrenceAt(monthly, n).toString())).toEqual([
      '2025-02-28T00:00:00Z',
      '2025-03-31T00:00:00Z',
      '2025-04-30T00:00:00Z',
      '2024-12-31T00:00:00Z',
    ]);
  });

  it('has a period around every instant, also far from the anchor', () => {
    const intervals = ['PT1H', 'P1D', 'P1W', 'P1M', 'P3M', 'P1Y', 'P1M1D'].map(duration);
    fc.assert(
      fc.property(
        fc.constantFrom(...intervals),
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 0, max: 4e12 }),
        (interval, anchorMs, atMs) => {
          const recurrence = { interval, anchor: instantFromMs(anchorMs) };
          const at = instantFromMs(atMs);
          const period = recurrencePeriodAt(recurrence, at);
          expect(periodContains(period, at)).toBe(true);
          expect(nextRecurrenceAtOrAfter(recurrence, period.to).toString()).toBe(period.to.toString());
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('minutes and ids', () => {
  it('floors inputs and raises query instants', () => {
    expect(floorToMinute(instant('2025-01-01T14:00:59.9Z')).toString()).toBe('2025-01-01T14:00:00Z');
    expect(ceilToMinute(instant('2025-01-01T14:00:01Z')).toString()).toBe('2025-01-01T14:01:00Z');
    expect(ceilToMinute(instant('2025-01-01T14:00:00Z')).toString()).toBe('2025-01-01T14:00:00Z');
  });

  it('makes ULIDs in order', () => {
    const ids = [newId(), newId(), newId()];
    expect([...ids].sort()).toEqual(ids);
    expect(ids.every(isUlid)).toBe(true);
    expect(isUlid('not-an-id')).toBe(false);
  });
});
