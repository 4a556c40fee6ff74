import type { Decimal, Duration } from '@ledgerline/kernel';
import type { FlatPrice, Price } from './price.js';

/** Off the price of a rate card. */
export interface Discounts {
  /** 0 to 100. */
  readonly percentage?: { readonly percentage: Decimal } | undefined;
  /** So many units are free in every full service period. */
  readonly usage?: { readonly quantity: Decimal } | undefined;
}

export type Metadata = Readonly<Record<string, string>>;

export interface MeteredEntitlementTemplate {
  readonly type: 'metered';
  readonly metadata?: Metadata | undefined;
  readonly isSoftLimit: boolean;
  readonly issueAfterReset?: Decimal | undefined;
  readonly issueAfterResetPriority?: number | undefined;
  readonly preserveOverageAtReset?: boolean | undefined;
  /** Never absent: on write it falls back to the rate card's billing cadence. */
  readonly usagePeriod: Duration;
}

export interface StaticEntitlementTemplate {
  readonly type: 'static';
  readonly metadata?: Metadata | undefined;
  /** JSON text, as it was sent. */
  readonly config: string;
}

export interface BooleanEntitlementTemplate {
  readonly type: 'boolean';
  readonly metadata?: Metadata | undefined;
}

/** What a subscriber may use; each item of a subscription with a template owns one entitlement made from it. */
export type EntitlementTemplate =
  MeteredEntitlementTemplate | StaticEntitlementTemplate | BooleanEntitlementTemplate;

export interface TaxConfig {
  readonly behavior?: 'inclusive' | 'exclusive' | undefined;
  readonly stripe?: { readonly code: string } | undefined;
  readonly customInvoicing?: { readonly code: string } | undefined;
}

interface RateCardBase {
  /** Equals the feature's key when there is a feature. */
  readonly key: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly featureKey?: string | undefined;
  /** The feature that `featureKey` named when the rate card was written: a key can pass to another feature later. */
  readonly featureId?: string | undefined;
  readonly entitlementTemplate?: EntitlementTemplate | undefined;
  readonly taxConfig?: TaxConfig | undefined;
  readonly discounts?: Discounts | undefined;
}

export interface FlatFeeRateCard extends RateCardBase {
  readonly type: 'flat_fee';
  /** Absent: the fee is due once. */
  readonly billingCadence?: Duration | undefined;
  readonly price?: FlatPrice | undefined;
}

export interface UsageBasedRateCard extends RateCardBase {
  readonly type: 'usage_based';
  readonly billingCadence: Duration;
  /** Absent: free of charge. */
  readonly price?: Price | undefined;
}

/** One thing that is sold: what it costs, how often it is billed, and what it entitles to. */
export type RateCard = FlatFeeRateCard | UsageBasedRateCard;

/** It can put a line on an invoice. */
export const isBillable = (rateCard: RateCard): boolean => rateCard.price !== undefined;
