import { type Decimal, sum, ZERO } from '@ledgerline/kernel';

/** Sums of one detailed line, one line or one invoice. `total = amount + charges + exclusive taxes − discounts − credits`. */
export interface Totals {
  /** Usage and fees before discounts. */
  readonly amount: Decimal;
  /** Commitments: what is charged on top of usage. */
  readonly chargesTotal: Decimal;
  readonly discountsTotal: Decimal;
  readonly creditsTotal: Decimal;
  /** Taxes are computed by the invoicing app, so rating always leaves the three at zero. */
  readonly taxesInclusiveTotal: Decimal;
  readonly taxesExclusiveTotal: Decimal;
  readonly taxesTotal: Decimal;
  readonly total: Decimal;
}

/** The parts from which everything else in `Totals` follows. */
export type TotalsParts = Pick<Totals, 'amount' | 'chargesTotal' | 'discountsTotal' | 'creditsTotal'>;

export const strikeTotals = (parts: TotalsParts): Totals => ({
  ...parts,
  taxesInclusiveTotal: ZERO,
  taxesExclusiveTotal: ZERO,
  taxesTotal: ZERO,
  total: parts.amount.plus(parts.chargesTotal).minus(parts.discountsTotal).minus(parts.creditsTotal),
});

/** Adds up lines or invoices. The parts are already rounded, so nothing is rounded here. */
export function sumTotals(totals: readonly Totals[]): Totals {
  const of = (field: keyof Totals): Decimal => sum(totals.map((each) => each[field]));
  return {
    amount: of('amount'),
    chargesTotal: of('chargesTotal'),
    discountsTotal: of('discountsTotal'),
    creditsTotal: of('creditsTotal'),
    taxesInclusiveTotal: of('taxesInclusiveTotal'),
    taxesExclusiveTotal: of('taxesExclusiveTotal'),
    taxesTotal: of('taxesTotal'),
    total: of('total'),
  };
}
