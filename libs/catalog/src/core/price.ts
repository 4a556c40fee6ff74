import type { Decimal } from '@ledgerline/kernel';

export type PaymentTerm = 'in_advance' | 'in_arrears';

/** What the customer spends at least and at most in the full service period, whatever the usage. */
export interface Commitments {
  readonly minimumAmount?: Decimal | undefined;
  readonly maximumAmount?: Decimal | undefined;
}

/** A fee that does not depend on usage, billed once per service period. */
export interface FlatPrice {
  readonly type: 'flat';
  readonly amount: Decimal;
  readonly paymentTerm: PaymentTerm;
}

/** The same amount for every unit. */
export interface UnitPrice extends Commitments {
  readonly type: 'unit';
  readonly amount: Decimal;
}

/** Usage is itself money (a provider's cost); it is passed on times a factor. */
export interface DynamicPrice extends Commitments {
  readonly type: 'dynamic';
  readonly multiplier: Decimal;
}

/** Usage is sold in packages; a package that has been opened is paid in full. */
export interface PackagePrice extends Commitments {
  readonly type: 'package';
  readonly amount: Decimal;
  readonly quantityPerPackage: Decimal;
}

/** Usage up to and including `upToAmount`; the tier without a bound is the last one. */
export interface Tier {
  readonly upToAmount?: Decimal | undefined;
  readonly flatPrice?: Decimal | undefined;
  readonly unitPrice?: Decimal | undefined;
}

/** Each unit costs what the tier it falls into says. */
export interface GraduatedPrice extends Commitments {
  readonly type: 'tiered';
  readonly mode: 'graduated';
  readonly tiers: readonly Tier[];
}

/** All units cost what the tier of the whole quantity says. */
export interface VolumePrice extends Commitments {
  readonly type: 'tiered';
  readonly mode: 'volume';
  readonly tiers: readonly Tier[];
}

export type UsagePrice = UnitPrice | DynamicPrice | PackagePrice | GraduatedPrice | VolumePrice;
export type Price = FlatPrice | UsagePrice;

export const isFlat = (price: Price): price is FlatPrice => price.type === 'flat';
export const isVolume = (price: Price): price is VolumePrice =>
  price.type === 'tiered' && price.mode === 'volume';

/** Ascending, the open-ended tier last. Done once on write; readers may sort again, which cannot be forgotten. */
export const sortTiers = (tiers: readonly Tier[]): readonly Tier[] =>
  [...tiers].sort((a, b) => {
    if (a.upToAmount === undefined) return b.upToAmount === undefined ? 0 : 1;
    return b.upToAmount === undefined ? -1 : a.upToAmount.comparedTo(b.upToAmount);
  });
