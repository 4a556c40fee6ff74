import type { Metadata, Price, TaxConfig } from '@ledgerline/catalog/core';
import type { Decimal, Instant, Period } from '@ledgerline/kernel';
import type {
  AmountDiscount,
  LineDiscounts,
  PricedLine,
  Totals,
  UsageDiscount,
} from '@ledgerline/rating/core';

/** Which item of which subscription a line bills. */
export interface SubscriptionReference {
  readonly subscriptionId: string;
  readonly phaseId: string;
  readonly itemId: string;
  readonly billingPeriod: Period;
}

interface Kept {
  readonly id: string;
  readonly createdAt: Instant;
}

/** One computed part of a line. Re-rating keeps the id of a part that is still there. */
export interface Child extends Omit<PricedLine, 'amountDiscounts'>, Kept {
  readonly amountDiscounts: readonly (AmountDiscount & Kept)[];
  readonly totals: Totals;
}

/** What rating made of a line the last time. */
export interface Rated {
  readonly quantity: Decimal;
  readonly preLinePeriodQuantity: Decimal;
  readonly usageDiscounts: readonly (UsageDiscount & Kept)[];
  readonly children: readonly Child[];
  readonly totals: Totals;
}

/** What the meter said the last time it was asked for this line. */
export interface Metered {
  readonly quantity: Decimal;
  /** Usage from the start of the split group to the start of the line; 0 when it was never split. */
  readonly preLinePeriodQuantity: Decimal;
}

/** What is billed and on which terms: kept when the line is split, for each part. */
export interface LineTerms {
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly price: Price;
  readonly featureKey?: string | undefined;
  readonly featureId?: string | undefined;
  readonly discounts?: LineDiscounts | undefined;
  readonly taxConfig?: TaxConfig | undefined;
}

/** A billable item, pending on a gathering invoice or billed on a standard one. Periods are on full seconds. */
export interface Line extends LineTerms {
  readonly id: string;
  readonly namespace: string;
  readonly invoiceId: string;
  readonly currency: string;
  /** `subscription`: the sync may change it. `manual`: a person made or edited it, and the sync keeps its hands off. */
  readonly managedBy: 'subscription' | 'manual';
  readonly period: Period;
  readonly invoiceAt: Instant;
  readonly subscription?: SubscriptionReference | undefined;
  /** Which wanted line of the subscription this is. Parts of a split have none: their group has it. */
  readonly uniqueId?: string | undefined;
  readonly splitGroupId?: string | undefined;
  readonly metered?: Metered | undefined;
  readonly rated?: Rated | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

/** The family of lines that bill one service period in parts. */
export interface SplitGroup {
  readonly id: string;
  readonly namespace: string;
  readonly uniqueId?: string | undefined;
  readonly subscriptionId?: string | undefined;
  /** The whole service period. */
  readonly period: Period;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt?: Instant | undefined;
}

export const isLive = (thing: { readonly deletedAt?: Instant | undefined }): boolean =>
  thing.deletedAt === undefined;
