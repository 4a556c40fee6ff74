import { isFlat, type Price } from '@ledgerline/catalog/core';
import type { Currency, Instant, Period } from '@ledgerline/kernel';
import type { LineDiscounts } from '@ledgerline/rating/core';
import type { SubscriptionView } from '@ledgerline/subscriptions/core';
import type { ScheduledLine } from './generate-lines.js';
import type { LineTerms, SubscriptionReference } from './line.js';
import { proratedAmount } from './prorate.js';

/** A line that a subscription should have, with what it costs. */
export interface WantedLine {
  readonly uniqueId: string;
  readonly terms: LineTerms;
  readonly period: Period;
  readonly invoiceAt: Instant;
  readonly subscription: SubscriptionReference;
}

/** What a scheduled line bills; undefined when that is nothing. `newId` names its discounts. */
export function wantedLine(
  line: ScheduledLine,
  view: SubscriptionView,
  currency: Currency,
  newId: () => string,
): WantedLine | undefined {
  const price = priceOf(line, view, currency);
  if (isFlat(price) && price.amount.isZero()) return undefined;
  const { rateCard } = line.item;
  return {
    uniqueId: line.uniqueId,
    terms: {
      name: rateCard.name,
      description: rateCard.description,
      price,
      featureKey: rateCard.featureKey,
      featureId: line.item.featureId ?? rateCard.featureId,
      discounts: discountsOf(rateCard.discounts, newId),
      taxConfig: rateCard.taxConfig,
    },
    period: line.servicePeriod,
    invoiceAt: line.invoiceAt,
    subscription: {
      subscriptionId: view.id,
      phaseId: line.phase.id,
      itemId: line.item.id,
      billingPeriod: line.billingPeriod,
    },
  };
}

function priceOf(line: ScheduledLine, view: SubscriptionView, currency: Currency): Price {
  const { price } = line;
  return isFlat(price) ? { ...price, amount: proratedAmount(price, line, view, currency) } : price;
}

/** Names each discount for the line's whole life, so that parts of it can tell what earlier ones have used up. */
export function discountsOf(
  discounts: ScheduledLine['item']['rateCard']['discounts'],
  newId: () => string,
): LineDiscounts | undefined {
  if (discounts === undefined) return undefined;
  const { percentage, usage } = discounts;
  if (percentage === undefined && usage === undefined) return undefined;
  return {
    percentage: percentage === undefined ? undefined : { ...percentage, correlationId: newId() },
    usage: usage === undefined ? undefined : { ...usage, correlationId: newId() },
  };
}
