import { Decimal } from './decimal.js';

/** An ISO 4217 currency. `subunits` is the number of decimal places of its smallest unit (USD 2, JPY 0). */
export interface Currency {
  readonly code: string;
  readonly name: string;
  readonly symbol: string;
  readonly subunits: number;
}

// Historic and non-cash codes that the platform's list carries but nobody can be invoiced in.
const knownCodes = new Set(Intl.supportedValuesOf('currency'));
const names = new Intl.DisplayNames('en', { type: 'currency' });
const cache = new Map<string, Currency>();

/** Looks a currency up by its three-letter code; undefined when there is none. Source: the platform's ICU data. */
export function findCurrency(code: string): Currency | undefined {
  if (!knownCodes.has(code)) return undefined;
  const cached = cache.get(code);
  if (cached !== undefined) return cached;
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: code,
    currencyDisplay: 'narrowSymbol',
  });
  const currency: Currency = {
    code,
    name: names.of(code) ?? code,
    symbol: format.formatToParts(0).find((part) => part.type === 'currency')?.value ?? code,
    subunits: format.resolvedOptions().maximumFractionDigits ?? 2,
  };
  cache.set(code, currency);
  return currency;
}

/** All currencies there are, by code: exactly those that `findCurrency` finds. */
export const currencies = (): readonly Currency[] =>
  [...knownCodes].toSorted().flatMap((code) => findCurrency(code) ?? []);

/** Rounds to the currency's smallest unit, half away from zero. */
export function roundToCurrency(amount: Decimal, currency: Currency): Decimal {
  return amount.toDecimalPlaces(currency.subunits, Decimal.ROUND_HALF_UP);
}
