import type { Price, Tier } from '@ledgerline/catalog/core';
import {
  acceptedOrThrow,
  type Currency,
  decimal,
  findCurrency,
  instant,
  toNumeric,
  ZERO,
} from '@ledgerline/kernel';
import {
  asEarlierSplit,
  type EarlierSplit,
  type LineDiscounts,
  type LineToRate,
  type RatedLine,
  rateLine,
} from '../src/core/index.js';

export const currencyOf = (code: string): Currency => {
  const found = findCurrency(code);
  if (found === undefined) throw new Error(`no currency ${code}`);
  return found;
};
const usd = currencyOf('USD');

const start = instant('2025-01-01T00:00:00Z');
const dayAt = (day: number) => start.add({ hours: 24 * day });

/** An unsplit line named N over one day; a spec mentions only what matters. */
export const aLine = (price: Price, quantity: string, rest: Partial<LineToRate> = {}): LineToRate => ({
  name: 'N',
  currency: usd,
  price,
  period: { from: dayAt(0), to: dayAt(1) },
  meteredQuantity: decimal(quantity),
  meteredPreLinePeriodQuantity: ZERO,
  ...rest,
});

/** Tiers as `up to: flat + unit`; `_` is none, `∞` is open. Example: `5: 100 + _ | ∞: _ + 2`. */
export const tiers = (text: string): readonly Tier[] =>
  text.split('|').map((part) => {
    const [bound = '', prices = ''] = part.split(':').map((piece) => piece.trim());
    const [flat = '', unit = ''] = prices.split('+').map((piece) => piece.trim());
    const read = (cell: string) => (cell === '_' || cell === '∞' ? undefined : decimal(cell));
    return { upToAmount: read(bound), flatPrice: read(flat), unitPrice: read(unit) };
  });

/** Rates a service period cut into one part per quantity, each part knowing what the ones before it did. */
export function rateInSplits(
  price: Price,
  quantities: readonly string[],
  rest: { readonly discounts?: LineDiscounts; readonly currency?: Currency } = {},
): readonly RatedLine[] {
  const parts: RatedLine[] = [];
  let before = ZERO;
  for (const [day, quantity] of quantities.entries()) {
    const earlierSplits: EarlierSplit[] = parts.map(asEarlierSplit);
    const line = aLine(price, quantity, {
      ...rest,
      period: { from: dayAt(day), to: dayAt(day + 1) },
      groupPeriod: { from: dayAt(0), to: dayAt(quantities.length) },
      meteredPreLinePeriodQuantity: before,
      earlierSplits,
    });
    parts.push(acceptedOrThrow(rateLine(line)));
    before = before.plus(decimal(quantity));
  }
  return parts;
}

/** `ref quantity×perUnit −discount…` for every row, then the total: short enough to read a table of them. */
export const inShort = (line: RatedLine): string =>
  [
    ...line.detailedLines.map((row) =>
      [
        `${row.childUniqueReferenceId} ${toNumeric(row.quantity)}×${toNumeric(row.perUnitAmount)}`,
        ...row.amountDiscounts.map((discount) => `−${toNumeric(discount.amount)}`),
        ...row.creditsApplied.map((credit) => `−credit ${toNumeric(credit.amount)}`),
      ].join(' '),
    ),
    `= ${toNumeric(line.totals.total)}`,
  ].join(', ');

/** Rates one unsplit line and says in short what came out. */
export const rated = (price: Price, quantity: string, rest: Partial<LineToRate> = {}): string =>
  inShort(acceptedOrThrow(rateLine(aLine(price, quantity, rest))));
