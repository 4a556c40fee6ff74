import { Decimal as DecimalJs } from 'decimal.js';

/**
 * Exact decimal arithmetic: 76 significant digits (what a ClickHouse Decimal256 holds), half away from zero,
 * never written with an exponent. A clone, so that no other user of the library can change its settings.
 */
export const Decimal = DecimalJs.clone({
  defaults: true,
  precision: 76,
  rounding: DecimalJs.ROUND_HALF_UP,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
export type Decimal = DecimalJs;

export const ZERO: Decimal = new Decimal(0);
export const ONE: Decimal = new Decimal(1);

/** Reads a decimal from its text or an integer-safe number; throws on anything that is not a finite number. */
export function decimal(value: string | number | bigint | Decimal): Decimal {
  const read = new Decimal(typeof value === 'bigint' ? value.toString() : value);
  if (!read.isFinite()) throw new RangeError(`not a finite decimal: ${String(value)}`);
  return read;
}

// The contract's Numeric pattern; user text is checked before decimal.js, which also reads hex and "Infinity".
const numericPattern = /^-?\d+(\.\d+)?$/;

/** Reads the contract's numeric string ("12.50"); undefined when the text is not one. */
export function parseNumeric(text: string): Decimal | undefined {
  // 512 digits: far beyond any amount, short enough that no arithmetic on it can stall the process.
  return text.length <= 512 && numericPattern.test(text) ? new Decimal(text) : undefined;
}

/** The wire form of a decimal: no exponent, no trailing zeros, no negative zero. */
export function toNumeric(value: Decimal): string {
  return value.isZero() ? '0' : value.toFixed();
}

export const sum = (values: Iterable<Decimal>): Decimal => {
  let total = ZERO;
  for (const value of values) total = total.plus(value);
  return total;
};
export const min = (a: Decimal, b: Decimal): Decimal => (a.lessThanOrEqualTo(b) ? a : b);
export const max = (a: Decimal, b: Decimal): Decimal => (a.greaterThanOrEqualTo(b) ? a : b);
