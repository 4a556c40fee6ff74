import type { Price, Tier } from '@ledgerline/catalog/core';
import {
  type Currency,
  decimal,
  type Decimal,
  findCurrency,
  instant,
  parseNumeric,
  type Period,
  toNumeric,
  toRfc3339,
} from '@ledgerline/kernel';
import {
  type AmountDiscount,
  type DetailedLine,
  type EarlierSplit,
  graduatedAmount,
  graduatedParts,
  type LineToRate,
  maximumSpendDiscount,
  packageCount,
  rateLine,
  type Totals,
  volumeTierOf,
} from '@ledgerline/rating/core';
import {
  compare,
  noCore,
  unknownKind,
  type Vector,
  type VectorAdapter,
  type VectorOutcome,
} from './adapter.js';

interface PriceText {
  readonly type: Price['type'];
  readonly mode?: 'graduated' | 'volume';
  readonly amount?: string;
  readonly paymentTerm?: 'in_advance' | 'in_arrears';
  readonly multiplier?: string;
  readonly quantityPerPackage?: string;
  readonly tiers?: readonly { upToAmount?: string; flatPrice?: string; unitPrice?: string }[];
  readonly minimumAmount?: string;
  readonly maximumAmount?: string;
}
interface PeriodText {
  readonly from: string;
  readonly to: string;
}
interface CreditText {
  readonly amount: string;
  readonly description?: string;
}
interface DiscountText extends CreditText {
  readonly ref: string;
  readonly reason: string;
}
interface LineText {
  readonly name: string;
  readonly ref: string;
  readonly perUnitAmount: string;
  readonly quantity: string;
  readonly paymentTerm: string;
  readonly category: string;
  readonly period?: PeriodText;
  readonly amountDiscounts?: readonly DiscountText[];
  readonly creditsApplied?: readonly CreditText[];
}

interface DetailedLinesVector extends Vector {
  readonly currency: string;
  readonly lineName: string;
  readonly groupPeriod: PeriodText;
  readonly linePeriod: PeriodText;
  readonly price: PriceText;
  readonly usage: { readonly linePeriodQuantity: string; readonly preLinePeriodQuantity: string };
  readonly previouslyBilledAmount: string;
  readonly discounts?: {
    readonly percentage?: { readonly percentage: number; readonly correlationId: string };
    readonly usage?: { readonly quantity: string; readonly correlationId: string };
  };
  readonly creditsApplied?: readonly CreditText[];
  readonly expect: { readonly lines: readonly LineText[]; readonly totals: Record<string, string> };
}
interface AmountVector extends Vector {
  readonly price: PriceText;
  readonly usage: { readonly linePeriodQuantity: string; readonly preLinePeriodQuantity: string };
  readonly expect: { readonly amount: string };
}
interface OverageVector extends Vector {
  readonly currency: string;
  readonly perUnitAmount: string;
  readonly quantity: string;
  readonly maximumAmount: string;
  readonly billedBeforeLine: string;
  readonly expect: { readonly discount: string | null; readonly description: string | null };
}
interface RangesVector extends Vector {
  readonly price: PriceText;
  readonly fromQtyExclusive: string;
  readonly toQtyInclusive: string;
  readonly expect: unknown;
}
interface LookupVector extends Vector {
  readonly price: PriceText;
  readonly quantity: string;
  readonly expect: unknown;
}
interface PackagesVector extends Vector {
  readonly quantityPerPackage: string;
  readonly quantity: string;
  readonly expect: unknown;
}

// The file is trusted to have the shape its kind promises; a field that is missing makes a reader below throw, and
// the runner counts a throw as a failure.
export const adapter: VectorAdapter = {
  file: 'rating.json',
  run(vector) {
    switch (vector.kind) {
      case 'detailed_lines':
        return runDetailedLines(vector as DetailedLinesVector);
      case 'amount':
        return runAmount(vector as AmountVector);
      case 'max_spend_overage':
        return runOverage(vector as OverageVector);
      case 'tier_ranges':
        return runRanges(vector as RangesVector);
      case 'volume_tier_lookup':
        return runLookup(vector as LookupVector);
      case 'package_count':
        return runPackages(vector as PackagesVector);
      case 'invoice_scenario': // whole invoices: answered by the invoicing room
        return noCore;
      default:
        return unknownKind(vector);
    }
  },
};

function runDetailedLines(vector: DetailedLinesVector): VectorOutcome {
  const rating = rateLine(readLine(vector));
  const actual =
    rating.refused === undefined
      ? {
          lines: rating.accepted.detailedLines.map(writeLine),
          totals: writeTotals(rating.accepted.totals),
        }
      : { refused: rating.refused };
  return compare({ lines: vector.expect.lines.map(withDefaults), totals: vector.expect.totals }, actual);
}

function readLine(vector: DetailedLinesVector): LineToRate {
  const period = readPeriod(vector.linePeriod);
  const groupPeriod = readPeriod(vector.groupPeriod);
  const billed = numeric(vector.previouslyBilledAmount);
  // The vector knows only the sum of what came before, so one earlier split carries it.
  const earlier: EarlierSplit = {
    period: { from: groupPeriod.from, to: period.from },
    amount: billed,
    usageDiscounts: [],
  };
  const { percentage, usage } = vector.discounts ?? {};
  return {
    name: vector.lineName,
    currency: currencyOf(vector.currency),
    price: readPrice(vector.price),
    period,
    groupPeriod,
    meteredQuantity: numeric(vector.usage.linePeriodQuantity),
    meteredPreLinePeriodQuantity: numeric(vector.usage.preLinePeriodQuantity),
    earlierSplits: billed.isZero() ? [] : [earlier],
    credits: vector.creditsApplied?.map((credit) => ({ ...credit, amount: numeric(credit.amount) })),
    discounts: {
      percentage: percentage && { ...percentage, percentage: decimal(percentage.percentage) },
      usage: usage && { ...usage, quantity: numeric(usage.quantity) },
    },
  };
}

function runAmount({ price, usage, expect }: AmountVector): VectorOutcome {
  const quantity = numeric(usage.preLinePeriodQuantity).plus(numeric(usage.linePeriodQuantity));
  return compare(expect, { amount: toNumeric(graduatedAmount(tiersOf(price), quantity)) });
}

function runOverage(vector: OverageVector): VectorOutcome {
  const discount = maximumSpendDiscount({
    lineTotal: numeric(vector.perUnitAmount).times(numeric(vector.quantity)),
    billedBefore: numeric(vector.billedBeforeLine),
    maximumAmount: numeric(vector.maximumAmount),
    currency: currencyOf(vector.currency),
  });
  return compare(vector.expect, {
    discount: discount && toNumeric(discount.amount),
    description: discount?.description,
  });
}

function runRanges(vector: RangesVector): VectorOutcome {
  const tiers = tiersOf(vector.price);
  const from = numeric(vector.fromQtyExclusive);
  const to = numeric(vector.toQtyInclusive);
  let reached = from;
  const tiersCharged = graduatedParts(tiers, from, to).map((part) => {
    const cumulativeBefore = toNumeric(graduatedAmount(tiers, reached));
    reached = reached.plus(part.quantity);
    return {
      tier: part.number,
      quantity: toNumeric(part.quantity),
      tierEnteredHere: part.entered,
      cumulativeBefore,
    };
  });
  return compare(vector.expect, {
    tiersCharged,
    cumulativeAmountAtTo: toNumeric(graduatedAmount(tiers, to)),
  });
}

const runLookup = ({ price, quantity, expect }: LookupVector): VectorOutcome =>
  compare(expect, { tier: volumeTierOf(tiersOf(price), numeric(quantity)).number });

const runPackages = ({ quantity, quantityPerPackage, expect }: PackagesVector): VectorOutcome =>
  compare(expect, { packages: toNumeric(packageCount(numeric(quantity), numeric(quantityPerPackage))) });

function readPrice(text: PriceText): Price {
  const commitments = {
    minimumAmount: optional(text.minimumAmount),
    maximumAmount: optional(text.maximumAmount),
  };
  switch (text.type) {
    case 'flat':
      return { type: 'flat', amount: numeric(text.amount), paymentTerm: text.paymentTerm ?? 'in_advance' };
    case 'unit':
      return { type: 'unit', amount: numeric(text.amount), ...commitments };
    case 'dynamic':
      return { type: 'dynamic', multiplier: numeric(text.multiplier), ...commitments };
    case 'package': {
      const quantityPerPackage = numeric(text.quantityPerPackage);
      return { type: 'package', amount: numeric(text.amount), quantityPerPackage, ...commitments };
    }
    case 'tiered': {
      if (text.mode === undefined) throw new Error('a tiered price without a mode');
      return { type: 'tiered', mode: text.mode, tiers: tiersOf(text), ...commitments };
    }
  }
}

const tiersOf = (text: PriceText): readonly Tier[] =>
  (text.tiers ?? []).map((tier) => ({
    upToAmount: optional(tier.upToAmount),
    flatPrice: optional(tier.flatPrice),
    unitPrice: optional(tier.unitPrice),
  }));

function numeric(text: string | undefined): Decimal {
  const read = text === undefined ? undefined : parseNumeric(text);
  if (read === undefined) throw new Error(`not a number: ${text ?? 'nothing'}`);
  return read;
}
const optional = (text: string | undefined): Decimal | undefined =>
  text === undefined ? undefined : numeric(text);

const readPeriod = ({ from, to }: PeriodText): Period => ({ from: instant(from), to: instant(to) });

function currencyOf(code: string): Currency {
  const currency = findCurrency(code);
  if (currency === undefined) throw new Error(`no currency ${code}`);
  return currency;
}

/** What a vector leaves out of a line it states to be absent: no discount, no credit. */
const withDefaults = (line: LineText): unknown => ({
  ...line,
  amountDiscounts: (line.amountDiscounts ?? []).map((discount) => ({ description: null, ...discount })),
  creditsApplied: line.creditsApplied ?? [],
});

const writeLine = (line: DetailedLine): unknown => ({
  name: line.name,
  ref: line.childUniqueReferenceId,
  perUnitAmount: toNumeric(line.perUnitAmount),
  quantity: toNumeric(line.quantity),
  paymentTerm: line.paymentTerm,
  category: line.category,
  amountDiscounts: line.amountDiscounts.map(writeDiscount),
  creditsApplied: line.creditsApplied.map((credit) => ({ ...credit, amount: toNumeric(credit.amount) })),
  period: { from: toRfc3339(line.period.from), to: toRfc3339(line.period.to) },
});

const writeDiscount = (discount: AmountDiscount): unknown => ({
  amount: toNumeric(discount.amount),
  ref: discount.childUniqueReferenceId,
  reason: discount.reason.type,
  description: discount.description ?? null,
});

const writeTotals = (totals: Totals): unknown =>
  Object.fromEntries(
    Object.entries(totals).map(([field, value]: [string, Decimal]) => [field, toNumeric(value)]),
  );
