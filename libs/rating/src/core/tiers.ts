import { type Decimal, invariant, max, min, ZERO } from '@ledgerline/kernel';
import { sortTiers, type Tier } from '@ledgerline/catalog/core';

/** The part of a quantity that falls into one tier. */
export interface TierPart {
  /** Counted from 1, in ascending order. */
  readonly number: number;
  readonly tier: Tier;
  readonly quantity: Decimal;
  /** The part begins where the tier begins, so the tier's flat price is due. */
  readonly entered: boolean;
}

/**
 * Cuts the usage above `before` and up to and including `upTo` at the tiers' bounds. A total of zero still visits the
 * first tier with nothing in it, because its flat price is due without any usage.
 */
export function graduatedParts(tiers: readonly Tier[], before: Decimal, upTo: Decimal): readonly TierPart[] {
  const sorted = sortTiers(tiers);
  const parts: TierPart[] = [];
  let floor = ZERO;
  for (const [index, tier] of sorted.entries()) {
    const from = max(floor, before);
    const to = tier.upToAmount === undefined ? upTo : min(tier.upToAmount, upTo);
    const isZeroTotal = index === 0 && upTo.isZero();
    if (isZeroTotal || to.greaterThan(from)) {
      const quantity = isZeroTotal ? ZERO : to.minus(from);
      parts.push({ number: index + 1, tier, quantity, entered: isZeroTotal || from.equals(floor) });
    }
    floor = tier.upToAmount ?? floor;
  }
  return parts;
}

/** What usage from zero to `quantity` costs, before discounts and rounding. */
export const graduatedAmount = (tiers: readonly Tier[], quantity: Decimal): Decimal =>
  graduatedParts(tiers, ZERO, quantity).reduce(
    (total, part) =>
      total.plus(part.quantity.times(part.tier.unitPrice ?? ZERO)).plus(part.tier.flatPrice ?? ZERO),
    ZERO,
  );

/** The tier that the whole quantity falls into, counted from 1. Bounds are inclusive. */
export function volumeTierOf(
  tiers: readonly Tier[],
  quantity: Decimal,
): { readonly number: number; readonly tier: Tier } {
  const sorted = sortTiers(tiers);
  const index = sorted.findIndex(
    (tier) => tier.upToAmount === undefined || quantity.lessThanOrEqualTo(tier.upToAmount),
  );
  const tier = sorted[index];
  invariant(tier !== undefined, 'tiers without an open-ended one reached the volume price');
  return { number: index + 1, tier };
}
