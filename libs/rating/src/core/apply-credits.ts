import { type Currency, type Decimal, min, roundToCurrency, toNumeric } from '@ledgerline/kernel';
import { type Step, unratable } from './draft.js';
import type { Credit, PricedLine } from './line.js';
import { lineTotal } from './priced-line.js';

/** Pays the rows with prepaid money, in order; whoever assigned more credit than the line costs made a mistake. */
export const applyCredits: Step = (draft) => {
  const { credits = [], currency } = draft.input;
  let lines = draft.lines;
  for (const credit of credits) {
    const consumed = consume(lines, credit, currency);
    if (!consumed.left.isZero()) {
      return unratable(
        'invoice_line_credits_not_consumed_fully',
        `credits exceed what the line costs by ${toNumeric(consumed.left)} ${currency.code}`,
        '$.creditsApplied',
      );
    }
    lines = consumed.lines;
  }
  return { accepted: { ...draft, lines } };
};

function consume(
  lines: readonly PricedLine[],
  credit: Credit,
  currency: Currency,
): { readonly lines: readonly PricedLine[]; readonly left: Decimal } {
  let left = roundToCurrency(credit.amount, currency);
  const paid = lines.map((line): PricedLine => {
    const amount = min(left, lineTotal(line, currency));
    if (!amount.greaterThan(0)) return line;
    left = left.minus(amount);
    return { ...line, creditsApplied: [...line.creditsApplied, { ...credit, amount }] };
  });
  return { lines: paid, left };
}
