import type { components } from '@ledgerline/contract';
import { type Decimal, decimal, ONE, toNumeric } from '@ledgerline/kernel';
import { type Commitments, type FlatPrice, type Price, sortTiers, type Tier } from './price.js';

type Schemas = components['schemas'];
/** The contract's form of a price. It is also the stored form: what clients can read, we can read years later. */
export type PriceJson =
  | FlatPriceJson
  | Schemas['UnitPriceWithCommitments']
  | Schemas['TieredPriceWithCommitments']
  | DynamicPriceJson
  | Schemas['PackagePriceWithCommitments'];
// The generated types promise what the schema fills by default; a reply or a stored price may leave it out.
export type FlatPriceJson = Optional<Schemas['FlatPriceWithPaymentTerm'], 'paymentTerm'>;
type DynamicPriceJson = Optional<Schemas['DynamicPriceWithCommitments'], 'multiplier'>;
type Optional<T, Names extends keyof T> = Omit<T, Names> & Partial<Pick<T, Names>>;
type TierJson = Schemas['PriceTier'];

export function priceFromJson(json: PriceJson): Price {
  switch (json.type) {
    case 'flat':
      return flatPriceFromJson(json);
    case 'unit':
      return { type: 'unit', amount: decimal(json.amount), ...commitmentsFromJson(json) };
    case 'dynamic':
      return {
        type: 'dynamic',
        multiplier: decimal(json.multiplier ?? '1'),
        ...commitmentsFromJson(json),
      };
    case 'package':
      return {
        type: 'package',
        amount: decimal(json.amount),
        quantityPerPackage: decimal(json.quantityPerPackage),
        ...commitmentsFromJson(json),
      };
    case 'tiered': {
      const tiers = sortTiers(json.tiers.map(tierFromJson));
      return { type: 'tiered', mode: json.mode, tiers, ...commitmentsFromJson(json) };
    }
  }
}

// Upstream leaves the term of a usage-based flat price empty; empty means in advance everywhere, so it is written out.
export const flatPriceFromJson = (json: FlatPriceJson): FlatPrice => ({
  type: 'flat',
  amount: decimal(json.amount),
  paymentTerm: json.paymentTerm ?? 'in_advance',
});

const optional = (text: string | null | undefined): Decimal | undefined =>
  text === null || text === undefined ? undefined : decimal(text);

function commitmentsFromJson(json: {
  readonly minimumAmount?: string;
  readonly maximumAmount?: string;
}): Commitments {
  return { minimumAmount: optional(json.minimumAmount), maximumAmount: optional(json.maximumAmount) };
}

const tierFromJson = (json: TierJson): Tier => ({
  upToAmount: optional(json.upToAmount),
  flatPrice: optional(json.flatPrice?.amount),
  unitPrice: optional(json.unitPrice?.amount),
});

export function priceToJson(price: Price): PriceJson {
  switch (price.type) {
    case 'flat':
      return flatPriceToJson(price);
    case 'unit':
      return { type: 'unit', amount: toNumeric(price.amount), ...commitmentsToJson(price) };
    case 'dynamic':
      return {
        type: 'dynamic',
        // A factor of one says nothing, so it is left out.
        ...(price.multiplier.equals(ONE) ? {} : { multiplier: toNumeric(price.multiplier) }),
        ...commitmentsToJson(price),
      };
    case 'package':
      return {
        type: 'package',
        amount: toNumeric(price.amount),
        quantityPerPackage: toNumeric(price.quantityPerPackage),
        ...commitmentsToJson(price),
      };
    case 'tiered':
      return {
        type: 'tiered',
        mode: price.mode,
        tiers: price.tiers.map(tierToJson),
        ...commitmentsToJson(price),
      };
  }
}

export const flatPriceToJson = (price: FlatPrice): Schemas['FlatPriceWithPaymentTerm'] => ({
  type: 'flat',
  amount: toNumeric(price.amount),
  paymentTerm: price.paymentTerm,
});

const commitmentsToJson = ({ minimumAmount, maximumAmount }: Commitments) => ({
  ...(minimumAmount === undefined ? {} : { minimumAmount: toNumeric(minimumAmount) }),
  ...(maximumAmount === undefined ? {} : { maximumAmount: toNumeric(maximumAmount) }),
});

const tierToJson = ({ upToAmount, flatPrice, unitPrice }: Tier): TierJson => ({
  ...(upToAmount === undefined ? {} : { upToAmount: toNumeric(upToAmount) }),
  flatPrice: flatPrice === undefined ? null : { type: 'flat', amount: toNumeric(flatPrice) },
  unitPrice: unitPrice === undefined ? null : { type: 'unit', amount: toNumeric(unitPrice) },
});
