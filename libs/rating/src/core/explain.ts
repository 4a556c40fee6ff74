import { type Currency, type Decimal, isEmptyPeriod, toNumeric, toRfc3339 } from '@ledgerline/kernel';
import type { AmountDiscount, DetailedLine, RatedLine } from './line.js';
import type { Totals } from './totals.js';

/** A rated line in sentences that can be checked with pencil and paper, one fact each. */
export function explain(line: RatedLine): readonly string[] {
  const { currency } = line;
  return [
    `${line.name}${inPeriod(line)}`,
    ...freeUnits(line),
    ...(line.detailedLines.length === 0 ? ['Nothing is charged in this period.'] : []),
    ...line.detailedLines.flatMap((detail) => explainDetail(detail, currency)),
    `Total: ${explainTotals(line.totals, currency)}`,
  ];
}

/** `amount + charges − discounts − credits = total`, leaving out what is zero. */
export function explainTotals(totals: Totals, currency: Currency): string {
  const terms = [
    money(totals.amount, currency),
    ...term(' + ', totals.chargesTotal, 'commitments', currency),
    ...term(' + ', totals.taxesExclusiveTotal, 'taxes', currency),
    ...term(' − ', totals.discountsTotal, 'discounts', currency),
    ...term(' − ', totals.creditsTotal, 'credits', currency),
  ];
  const total = money(totals.total, currency);
  return terms.length === 1 && totals.amount.equals(totals.total) ? total : `${terms.join('')} = ${total}`;
}

const term = (sign: string, value: Decimal, label: string, currency: Currency): readonly string[] =>
  value.isZero() ? [] : [`${sign}${money(value, currency)} ${label}`];

const inPeriod = ({ period }: RatedLine): string =>
  isEmptyPeriod(period)
    ? ` at ${toRfc3339(period.from)}`
    : ` from ${toRfc3339(period.from)} to ${toRfc3339(period.to)}`;

const freeUnits = (line: RatedLine): readonly string[] =>
  line.usageDiscounts.map(
    (discount) =>
      `${toNumeric(discount.quantity)} of ${toNumeric(line.meteredQuantity)} units are free of charge, ` +
      `${toNumeric(line.quantity)} are billed.`,
  );

function explainDetail(detail: DetailedLine, currency: Currency): readonly string[] {
  const product = money(detail.totals.amount.plus(detail.totals.chargesTotal), currency);
  const sentence =
    detail.category === 'commitment'
      ? `${detail.name}: ${product} is missing to the agreed minimum.`
      : `${detail.name}: ${toNumeric(detail.quantity)} × ${toNumeric(detail.perUnitAmount)} ${currency.code} = ${product}`;
  return [
    sentence,
    ...detail.amountDiscounts.map(
      (discount) => `  less ${money(discount.amount, currency)}: ${why(discount)}`,
    ),
    ...detail.creditsApplied.map(
      (credit) => `  less ${money(credit.amount, currency)}: paid with ${credit.description ?? 'credit'}`,
    ),
  ];
}

const why = ({ reason, description }: AmountDiscount): string =>
  reason.type === 'ratecard_percentage'
    ? `${toNumeric(reason.percentage)} % discount`
    : (description ?? 'maximum spend');

/** Always with the currency's decimals, as an invoice prints it. */
const money = (amount: Decimal, currency: Currency): string =>
  `${amount.toFixed(Math.max(currency.subunits, amount.decimalPlaces()))} ${currency.code}`;
