import { type Decision, findCurrency, type Instant, refusal } from '@ledgerline/kernel';
import { type EarlierSplit, type LineToRate, rateLine, type RatedLine } from '@ledgerline/rating/core';
import type { Child, Line, Metered, Rated, SplitGroup } from './line.js';

/** What surrounds a line that is one part of several. */
export interface Siblings {
  readonly group?: Pick<SplitGroup, 'period'> | undefined;
  /** Live lines of the group on standard invoices that are not deleted. */
  readonly earlier: readonly Line[];
}

export interface Made {
  readonly newId: () => string;
  readonly now: Instant;
}

/** Rates a line from what its meter said. Parts and discounts that are still there keep their ids. */
export function calculateLine(line: Line, metered: Metered, siblings: Siblings, made: Made): Decision<Rated> {
  const rated = rateOnly(line, metered, siblings);
  return rated.refused === undefined ? { accepted: withIds(rated.accepted, line.rated, made) } : rated;
}

export function rateOnly(line: Line, metered: Metered, siblings: Siblings): Decision<RatedLine> {
  const currency = findCurrency(line.currency);
  if (currency === undefined) return { refused: refusal.invalid(`unknown currency ${line.currency}`) };
  const input: LineToRate = {
    name: line.name,
    currency,
    price: line.price,
    period: line.period,
    groupPeriod: siblings.group?.period,
    meteredQuantity: metered.quantity,
    meteredPreLinePeriodQuantity: metered.preLinePeriodQuantity,
    discounts: line.discounts,
    earlierSplits: siblings.earlier.filter((other) => other.id !== line.id).flatMap(asEarlier),
  };
  return rateLine(input);
}

const asEarlier = ({ period, rated }: Line): readonly EarlierSplit[] =>
  rated === undefined ? [] : [{ period, amount: rated.totals.amount, usageDiscounts: rated.usageDiscounts }];

function withIds(rated: RatedLine, before: Rated | undefined, { newId, now }: Made): Rated {
  const fresh = () => ({ id: newId(), createdAt: now });
  const oldChildren = new Map((before?.children ?? []).map((child) => [child.childUniqueReferenceId, child]));
  const oldUsage = new Map((before?.usageDiscounts ?? []).map((each) => [each.correlationId, each]));
  const children = rated.detailedLines.map((line): Child => {
    const old = oldChildren.get(line.childUniqueReferenceId);
    const oldDiscounts = new Map(
      (old?.amountDiscounts ?? []).map((each) => [each.childUniqueReferenceId, each]),
    );
    return {
      ...line,
      ...keptFrom(old, fresh),
      amountDiscounts: line.amountDiscounts.map((discount) => ({
        ...discount,
        ...keptFrom(oldDiscounts.get(discount.childUniqueReferenceId), fresh),
      })),
    };
  });
  return {
    quantity: rated.quantity,
    preLinePeriodQuantity: rated.preLinePeriodQuantity,
    usageDiscounts: rated.usageDiscounts.map((discount) => ({
      ...discount,
      ...keptFrom(oldUsage.get(discount.correlationId), fresh),
    })),
    children,
    totals: rated.totals,
  };
}

const keptFrom = (
  old: { readonly id: string; readonly createdAt: Instant } | undefined,
  fresh: () => { id: string; createdAt: Instant },
): { readonly id: string; readonly createdAt: Instant } =>
  old === undefined ? fresh() : { id: old.id, createdAt: old.createdAt };
