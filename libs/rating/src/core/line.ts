import type { Currency, Decimal, Period } from '@ledgerline/kernel';
import type { PaymentTerm, Price } from '@ledgerline/catalog/core';
import type { Totals } from './totals.js';

/**
 * Discounts of a rate card. A correlation id names one discount for the line's whole life: it is kept when the line
 * is split, so that the parts can tell what the earlier ones have used up.
 */
export interface LineDiscounts {
  /** 0 to 100, off every detailed line except the minimum-spend one. */
  readonly percentage?: { readonly percentage: Decimal; readonly correlationId: string } | undefined;
  /** So many units are free, once per full service period. */
  readonly usage?: { readonly quantity: Decimal; readonly correlationId: string } | undefined;
}

/** Units that were not billed because of a usage discount. */
export interface UsageDiscount {
  readonly reason: 'ratecard_usage';
  readonly correlationId: string;
  readonly quantity: Decimal;
  /** Units of the same discount that earlier splits have used. */
  readonly preLinePeriodQuantity: Decimal;
}

/** Money off one detailed line. */
export interface AmountDiscount {
  readonly childUniqueReferenceId: string;
  readonly amount: Decimal;
  readonly reason:
    | { readonly type: 'maximum_spend' }
    | { readonly type: 'ratecard_percentage'; readonly percentage: Decimal; readonly correlationId: string };
  readonly description?: string | undefined;
}

/** Prepaid money to be consumed by a line, or the part of it that a detailed line has consumed. */
export interface Credit {
  readonly amount: Decimal;
  readonly description?: string | undefined;
}

/**
 * A part of the same service period that a standard invoice already carries. Leave out deleted lines and lines of
 * deleted invoices: they count nothing.
 */
export interface EarlierSplit {
  readonly period: Period;
  /** `Totals.amount`: before discounts, without charges. */
  readonly amount: Decimal;
  readonly usageDiscounts: readonly Pick<UsageDiscount, 'correlationId' | 'quantity'>[];
}

/** Everything rating needs to know about one line. */
export interface LineToRate {
  readonly name: string;
  readonly currency: Currency;
  readonly price: Price;
  readonly period: Period;
  /** The full service period when the line is one of several splits of it; absent for an unsplit line. */
  readonly groupPeriod?: Period | undefined;
  /** Usage in `period`, as the meter says. Ignored by flat prices. */
  readonly meteredQuantity: Decimal;
  /** Usage from the start of the full service period to the start of `period`; 0 when unsplit. */
  readonly meteredPreLinePeriodQuantity: Decimal;
  readonly discounts?: LineDiscounts | undefined;
  readonly earlierSplits?: readonly EarlierSplit[] | undefined;
  readonly credits?: readonly Credit[] | undefined;
}

/** One row of the invoice's fine print, before its totals are struck. */
export interface PricedLine {
  /** Stable over re-rating: a recalculated line keeps its id by matching on this. */
  readonly childUniqueReferenceId: string;
  readonly name: string;
  /** Commitments are charges on top of usage: they land in `chargesTotal`, not in `amount`. */
  readonly category: 'regular' | 'commitment';
  readonly paymentTerm: PaymentTerm;
  readonly period: Period;
  /** Not rounded; only the product with the quantity is. */
  readonly perUnitAmount: Decimal;
  readonly quantity: Decimal;
  readonly amountDiscounts: readonly AmountDiscount[];
  readonly creditsApplied: readonly Credit[];
}

export interface DetailedLine extends PricedLine {
  readonly totals: Totals;
}

export interface RatedLine {
  readonly name: string;
  readonly currency: Currency;
  readonly price: Price;
  readonly period: Period;
  readonly meteredQuantity: Decimal;
  readonly meteredPreLinePeriodQuantity: Decimal;
  /** Billed usage: metered usage after the usage discount. */
  readonly quantity: Decimal;
  readonly preLinePeriodQuantity: Decimal;
  readonly usageDiscounts: readonly UsageDiscount[];
  readonly detailedLines: readonly DetailedLine[];
  readonly totals: Totals;
}

/** How a rated line looks to the splits that follow it. */
export const asEarlierSplit = (line: RatedLine): EarlierSplit => ({
  period: line.period,
  amount: line.totals.amount,
  usageDiscounts: line.usageDiscounts,
});
