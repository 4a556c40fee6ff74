import { type Currency, type Decimal, ONE, roundToCurrency, sum, ZERO } from '@ledgerline/kernel';
import type { LineDraft } from './draft.js';
import type { DetailedLine, PricedLine } from './line.js';
import { strikeTotals } from './totals.js';

interface Priced {
  readonly ref: string;
  /** What the row is for; absent for a flat price, whose row is named like the line itself. */
  readonly label?: string;
  readonly perUnitAmount: Decimal;
  readonly quantity?: Decimal;
  readonly paymentTerm?: PricedLine['paymentTerm'];
}

/** A row for usage or a fee in the line's own period. In arrears unless said otherwise: usage is known afterwards. */
export function regularLine(draft: LineDraft, priced: Priced): PricedLine {
  const { name, period } = draft.input;
  return {
    childUniqueReferenceId: priced.ref,
    name: priced.label === undefined ? name : `${name}: ${priced.label}`,
    category: 'regular',
    paymentTerm: priced.paymentTerm ?? 'in_arrears',
    period,
    perUnitAmount: priced.perUnitAmount,
    quantity: priced.quantity ?? ONE,
    amountDiscounts: [],
    creditsApplied: [],
  };
}

/** The one place where a product is rounded: once per detailed line, half away from zero. */
const roundedProduct = (line: PricedLine, currency: Currency): Decimal =>
  roundToCurrency(line.perUnitAmount.times(line.quantity), currency);

/** What a row costs after the discounts and credits it has so far. */
export const lineTotal = (line: PricedLine, currency: Currency): Decimal =>
  roundedProduct(line, currency)
    .minus(sum(line.amountDiscounts.map((discount) => discount.amount)))
    .minus(sum(line.creditsApplied.map((credit) => credit.amount)));

/** Strikes the totals of a finished row. */
export function detailedLine(line: PricedLine, currency: Currency): DetailedLine {
  const product = roundedProduct(line, currency);
  const isCharge = line.category === 'commitment';
  const totals = strikeTotals({
    amount: isCharge ? ZERO : product,
    chargesTotal: isCharge ? product : ZERO,
    discountsTotal: sum(line.amountDiscounts.map((discount) => discount.amount)),
    creditsTotal: sum(line.creditsApplied.map((credit) => credit.amount)),
  });
  return { ...line, totals };
}
