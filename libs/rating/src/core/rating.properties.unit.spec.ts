import { describe, expect, it } from '@jest/globals';
import { acceptedOrThrow, decimal, type Decimal, sum, toNumeric, ZERO } from '@ledgerline/kernel';
import fc from 'fast-check';
import { aLine, currencyOf, inShort, rateInSplits } from '../../test/rating-table.js';
import { type LineDiscounts, type RatedLine } from './line.js';
import type { Price, Tier, UsagePrice } from '@ledgerline/catalog/core';
import { rateLine } from './rate-line.js';
import { sumTotals } from './totals.js';

/** A decimal of `places` decimal places, as text. */
const decimalText = (max: number, places: number): fc.Arbitrary<string> =>
  fc.nat(max).map((units) => toNumeric(decimal(units).dividedBy(decimal(10).pow(places))));
const amount = (places: number): fc.Arbitrary<Decimal> => decimalText(100_000, places).map(decimal);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const tiersOf = (places: number): fc.Arbitrary<readonly Tier[]> =>
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }),
      fc.array(fc.record({ flatPrice: maybe(amount(places)), unitPrice: maybe(amount(places)) }), {
        minLength: 6,
        maxLength: 6,
      }),
    )
    .map(([bounds, prices]) => {
      const ascending: (number | undefined)[] = [...bounds.sort((a, b) => a - b), undefined];
      return ascending.map((bound, index) => ({
        ...prices[index],
        upToAmount: bound === undefined ? undefined : decimal(bound),
      }));
    });

const progressive = (places: number): fc.Arbitrary<UsagePrice> =>
  fc.oneof(
    fc.record({ type: fc.constant('unit' as const), amount: amount(places) }),
    fc.record({ type: fc.constant('dynamic' as const), multiplier: amount(places) }),
    fc.record({
      type: fc.constant('package' as const),
      amount: amount(places),
      quantityPerPackage: fc.integer({ min: 1, max: 50 }).map(decimal),
    }),
    fc.record({
      type: fc.constant('tiered' as const),
      mode: fc.constant('graduated' as const),
      tiers: tiersOf(places),
    }),
  );
const volume: fc.Arbitrary<UsagePrice> = fc.record({
  type: fc.constant('tiered' as const),
  mode: fc.constant('volume' as const),
  tiers: tiersOf(2),
});

const wholeUnits = fc.array(fc.nat(80).map(String), { minLength: 1, maxLength: 6 });
const anyUnits = fc.array(decimalText(80_000, 3), { minLength: 1, maxLength: 6 });
const together = (quantities: readonly string[]): string => toNumeric(sum(quantities.map(decimal)));
const discounts = fc.record({
  percentage: maybe(
    fc.integer({ min: 0, max: 1000 }).map((tenths) => ({
      percentage: decimal(tenths).dividedBy(10),
      correlationId: 'P',
    })),
  ),
  usage: maybe(fc.nat(100).map((quantity) => ({ quantity: decimal(quantity), correlationId: 'U' }))),
});

const totalOf = (lines: readonly RatedLine[]): string =>
  toNumeric(sumTotals(lines.map((l) => l.totals)).total);
const freeUnits = (usage: LineDiscounts['usage']): { readonly discounts: LineDiscounts } => ({
  discounts: { usage },
});

describe('splitting a service period', () => {
  it('never changes what progressive prices bill, nor what is free, capped or raised', () => {
    const commitments = fc.record({ minimumAmount: maybe(amount(2)), maximumAmount: maybe(amount(2)) });
    fc.assert(
      fc.property(
        progressive(2),
        commitments,
        wholeUnits,
        discounts,
        (price, limits, quantities, { usage }) => {
          const limited = { ...price, ...limits };
          const whole = rateInSplits(limited, [together(quantities)], freeUnits(usage));
          const parts = rateInSplits(limited, quantities, freeUnits(usage));
          // A cap that is below the minimum is refused by the catalog.
          fc.pre(!limits.minimumAmount?.greaterThan(limits.maximumAmount ?? limits.minimumAmount));
          expect(toNumeric(sumTotals(parts.map((part) => part.totals)).amount)).toBe(
            toNumeric(sumTotals(whole.map((part) => part.totals)).amount),
          );
          expect(totalOf(parts)).toBe(totalOf(whole));
        },
      ),
    );
  });

  it('moves fractional amounts by at most the rounding of its rows', () => {
    fc.assert(
      fc.property(progressive(5), anyUnits, (price, quantities) => {
        const whole = rateInSplits(price, [together(quantities)]);
        const parts = rateInSplits(price, quantities);
        const rows = [...whole, ...parts].reduce((count, line) => count + line.detailedLines.length, 0);
        const apart = decimal(totalOf(parts))
          .minus(decimal(totalOf(whole)))
          .abs();
        expect(apart.lessThanOrEqualTo(decimal('0.005').times(rows))).toBe(true);
      }),
    );
  });
});

describe('a rated line', () => {
  const anyLine = fc.tuple(
    fc.oneof(progressive(5), volume),
    fc.record({ minimumAmount: maybe(amount(4)), maximumAmount: maybe(amount(4)) }),
    decimalText(300_000, 3),
    discounts,
    fc.constantFrom('USD', 'JPY', 'KWD'),
  );

  it('adds up row by row, in the smallest unit of its currency', () => {
    fc.assert(
      fc.property(anyLine, ([price, commitments, quantity, discounted, code]) => {
        const currency = currencyOf(code);
        const line = acceptedOrThrow(
          rateLine(aLine({ ...price, ...commitments }, quantity, { discounts: discounted, currency })),
        );
        const rows = line.detailedLines.map((row) => row.totals);
        expect(inShort({ ...line, totals: sumTotals(rows) })).toBe(inShort(line));
        for (const totals of [line.totals, ...rows]) {
          const { amount: gross, chargesTotal, discountsTotal, creditsTotal, total } = totals;
          expect(toNumeric(gross.plus(chargesTotal).minus(discountsTotal).minus(creditsTotal))).toBe(
            toNumeric(total),
          );
          for (const value of Object.values(totals) as Decimal[]) {
            expect(value.decimalPlaces()).toBeLessThanOrEqual(currency.subunits);
          }
          expect(total.greaterThanOrEqualTo(ZERO)).toBe(true);
        }
        const refs = line.detailedLines.map((row) => row.childUniqueReferenceId);
        expect(new Set(refs).size).toBe(refs.length);
      }),
    );
  });

  it('is the same for tiers in any order', () => {
    const shuffled = tiersOf(2).chain((tiers) =>
      fc.tuple(
        fc.constant(tiers),
        fc.shuffledSubarray([...tiers], { minLength: tiers.length }),
        fc.constantFrom('graduated' as const, 'volume' as const),
      ),
    );
    fc.assert(
      fc.property(shuffled, decimalText(300_000, 3), ([sorted, unsorted, mode], quantity) => {
        const rows = (tiers: readonly Tier[]): string => {
          const price: Price = { type: 'tiered', mode, tiers };
          return inShort(acceptedOrThrow(rateLine(aLine(price, quantity))));
        };
        expect(rows(unsorted)).toBe(rows(sorted));
      }),
    );
  });

  it('never costs less for more usage, unless tiers are by volume', () => {
    fc.assert(
      fc.property(progressive(5), decimalText(300_000, 3), decimalText(50_000, 3), (price, less, more) => {
        const cost = (quantity: Decimal): Decimal =>
          acceptedOrThrow(rateLine(aLine(price, toNumeric(quantity)))).totals.total;
        const [small, large] = [decimal(less), decimal(less).plus(decimal(more))];
        expect(cost(large).greaterThanOrEqualTo(cost(small))).toBe(true);
      }),
    );
  });
});
