import type { components } from '@ledgerline/contract';
import { type Decimal, decimal, toNumeric } from '@ledgerline/kernel';

type Schemas = components['schemas'];
/** The contract's form, which is also the stored form; `pricing` is resolved on reading and never stored. */
export type UnitCostJson = Schemas['FeatureManualUnitCost'] | Schemas['FeatureLLMUnitCost'];
export type LlmUnitCostJson = Schemas['FeatureLLMUnitCost'];

/** Where a word of a price's key comes from: the same for all usage, or a group of the meter. */
export type Term =
  { readonly kind: 'fixed'; readonly value: string } | { readonly kind: 'property'; readonly key: string };

export interface LlmUnitCost {
  readonly type: 'llm';
  readonly provider: Term;
  readonly model: Term;
  readonly tokenType: Term;
}

/** What one unit of a feature costs us, in US dollars. */
export type UnitCost = { readonly type: 'manual'; readonly amount: Decimal } | LlmUnitCost;

/** The terms of a price's key, in its order. */
export const termsOf = ({ provider, model, tokenType }: LlmUnitCost): readonly Term[] => [
  provider,
  model,
  tokenType,
];

/** Group keys of the meter that a unit cost reads. */
export const propertiesOf = (cost: UnitCost | undefined): readonly string[] =>
  cost?.type === 'llm' ? termsOf(cost).flatMap((term) => (term.kind === 'property' ? [term.key] : [])) : [];

/** Of JSON that was checked before. */
export function unitCostFromJson(json: UnitCostJson): UnitCost {
  if (json.type === 'manual') return { type: 'manual', amount: decimal(json.amount) };
  return {
    type: 'llm',
    provider: termOf(json.provider, json.providerProperty),
    model: termOf(json.model, json.modelProperty),
    tokenType: termOf(json.tokenType, json.tokenTypeProperty),
  };
}

const termOf = (value: string | undefined, key: string | undefined): Term =>
  key === undefined ? { kind: 'fixed', value: value ?? '' } : { kind: 'property', key };

export function unitCostToJson(cost: UnitCost): UnitCostJson {
  if (cost.type === 'manual') return { type: 'manual', amount: toNumeric(cost.amount) };
  const { provider, model, tokenType } = cost;
  return {
    type: 'llm',
    ...(provider.kind === 'fixed' ? { provider: provider.value } : { providerProperty: provider.key }),
    ...(model.kind === 'fixed' ? { model: model.value } : { modelProperty: model.key }),
    ...(tokenType.kind === 'fixed' ? { tokenType: tokenType.value } : { tokenTypeProperty: tokenType.key }),
  };
}
