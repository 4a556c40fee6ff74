import { decimal, type Decimal, ZERO } from '@ledgerline/kernel';
import { critical, type Issue, warning } from './issue.js';
import type { Commitments, Price, Tier } from './price.js';
import type { Discounts } from './rate-card.js';

const hundred = decimal(100);
const isNegative = (value: Decimal | undefined): boolean => value?.lessThan(ZERO) ?? false;

/** Why a price cannot be charged. `field` is the JSONPath of the price. */
export function checkPrice(price: Price, field: string): readonly Issue[] {
  const invalid = (message: string): Issue => critical('price_invalid', field, message);
  switch (price.type) {
    case 'flat':
      return isNegative(price.amount) ? [invalid('the amount must not be negative')] : [];
    case 'unit':
      return [
        ...(isNegative(price.amount) ? [invalid('the amount must not be negative')] : []),
        ...checkCommitments(price, invalid),
      ];
    case 'dynamic':
      return [
        ...(isNegative(price.multiplier) ? [invalid('the multiplier must not be negative')] : []),
        ...checkCommitments(price, invalid),
      ];
    case 'package':
      return [
        ...(isNegative(price.amount) ? [invalid('the amount must not be negative')] : []),
        ...(price.quantityPerPackage.greaterThan(ZERO)
          ? []
          : [invalid('the quantity per package must be greater than zero')]),
        ...checkCommitments(price, invalid),
      ];
    case 'tiered':
      return [...checkTiers(price.tiers, invalid), ...checkCommitments(price, invalid)];
  }
}

type MakeIssue = (message: string) => Issue;

function checkCommitments({ minimumAmount, maximumAmount }: Commitments, invalid: MakeIssue): Issue[] {
  const issues: Issue[] = [];
  if (isNegative(minimumAmount)) issues.push(invalid('the minimum amount must not be negative'));
  if (isNegative(maximumAmount)) issues.push(invalid('the maximum amount must not be negative'));
  // Zero means no commitment.
  const bothSet = minimumAmount?.isZero() === false && maximumAmount?.isZero() === false;
  if (bothSet && minimumAmount.greaterThan(maximumAmount)) {
    issues.push(invalid('the minimum amount must not be greater than the maximum amount'));
  }
  return issues;
}

function checkTiers(tiers: readonly Tier[], invalid: MakeIssue): Issue[] {
  if (tiers.length === 0) return [invalid('a tiered price needs at least one tier')];
  const issues: Issue[] = [];
  const bounds = tiers.flatMap(({ upToAmount }) => (upToAmount === undefined ? [] : [upToAmount]));
  const openEnded = tiers.length - bounds.length;
  if (openEnded === 0) issues.push(invalid('one tier must be open-ended: leave its upToAmount out'));
  if (openEnded > 1) issues.push(invalid('only one tier can be open-ended'));
  if (bounds.some(isNegative)) issues.push(invalid('upToAmount must not be negative'));
  const positive = bounds.filter((bound) => !bound.isZero()).map((bound) => bound.toFixed());
  if (new Set(positive).size < positive.length) issues.push(invalid('two tiers have the same upToAmount'));
  if (tiers.some(({ flatPrice, unitPrice }) => flatPrice === undefined && unitPrice === undefined)) {
    issues.push(invalid('each tier needs a flat price or a unit price'));
  }
  if (tiers.some(({ flatPrice, unitPrice }) => isNegative(flatPrice) || isNegative(unitPrice))) {
    issues.push(invalid('tier prices must not be negative'));
  }
  return issues;
}

/** `field` is the JSONPath of the discounts. */
export function checkDiscounts(
  { percentage, usage }: Discounts,
  price: Price | undefined,
  field: string,
): readonly Issue[] {
  if (percentage === undefined && usage === undefined) return [];
  const issues: Issue[] = [];
  if (price === undefined) {
    issues.push(critical('discount_without_price', field, 'there is no price to take a discount off'));
  }
  if (
    percentage !== undefined &&
    (isNegative(percentage.percentage) || percentage.percentage.greaterThan(hundred))
  ) {
    issues.push(
      critical('percentage_discount_invalid_value', `${field}.percentage`, 'must be between 0 and 100'),
    );
  }
  if (usage !== undefined && isNegative(usage.quantity)) {
    issues.push(warning('usage_discount_negative_quantity', `${field}.usage`, 'must not be negative'));
  }
  if (usage !== undefined && price?.type === 'flat') {
    const message = 'a flat price does not depend on usage';
    issues.push(warning('usage_discount_with_flat_price', `${field}.usage`, message));
  }
  return issues;
}
