import { isFlat, type Price } from '@ledgerline/catalog/core';
import { type Currency, findCurrency, invariant, ONE, toNumeric, ZERO } from '@ledgerline/kernel';
import { explain, type RatedLine } from '@ledgerline/rating/core';
import type { Line } from './line.js';

/** A line's calculation in sentences. Empty for a line that could not be rated. */
export function explainLine(line: Line): readonly string[] {
  return line.rated === undefined ? [] : explain(ratedLine(line));
}

function ratedLine(line: Line): RatedLine {
  const { rated } = line;
  invariant(rated !== undefined, `the line ${line.id} is not rated`);
  return {
    name: line.name,
    currency: currencyOf(line.currency),
    price: line.price,
    period: line.period,
    meteredQuantity: line.metered?.quantity ?? ONE,
    meteredPreLinePeriodQuantity: line.metered?.preLinePeriodQuantity ?? ZERO,
    quantity: rated.quantity,
    preLinePeriodQuantity: rated.preLinePeriodQuantity,
    usageDiscounts: rated.usageDiscounts,
    detailedLines: rated.children,
    totals: rated.totals,
  };
}

export function currencyOf(code: string): Currency {
  const currency = findCurrency(code);
  invariant(currency !== undefined, `unknown currency ${code}`);
  return currency;
}

/** What is charged per what, as one would say it. */
export function explainPrice(price: Price, currency: string): string {
  if (isFlat(price)) {
    const when = price.paymentTerm === 'in_advance' ? 'in advance' : 'in arrears';
    return `A fee of ${toNumeric(price.amount)} ${currency}, charged ${when}.`;
  }
  switch (price.type) {
    case 'unit':
      return `${toNumeric(price.amount)} ${currency} for each unit.`;
    case 'dynamic':
      return `Usage is an amount of ${currency}; it is charged times ${toNumeric(price.multiplier)}.`;
    case 'package':
      return `${toNumeric(price.amount)} ${currency} for each started package of ${toNumeric(price.quantityPerPackage)} units.`;
    case 'tiered':
      return price.mode === 'volume'
        ? `All units cost what the tier of the whole quantity says; there are ${price.tiers.length} tiers.`
        : `Each unit costs what the tier it falls into says; there are ${price.tiers.length} tiers.`;
  }
}
