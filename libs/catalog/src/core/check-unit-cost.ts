import {
  type Decimal,
  decimal,
  type Decision,
  parseNumeric,
  refusal,
  type Refusal,
} from '@ledgerline/kernel';
import type { Meter } from '@ledgerline/metering/core';
import { tokenTypes } from './price-book.js';
import { type LlmUnitCostJson, type UnitCost, unitCostFromJson, type UnitCostJson } from './unit-cost.js';

type CostMeter = Pick<Meter, 'aggregation' | 'groupBy'>;

// Prices per token have about ten decimals. With these bounds a price times any sum of usage stays within the 76 digits
// that arithmetic is exact in.
const wholeDigitsMax = 12;
const decimalsMax = 18;
const tooLarge = decimal(10).pow(wholeDigitsMax);
/** As long as a group's value of an event may sensibly be. */
export const priceWordMax = 256;

/** A price per unit: not negative, within the digits that stay exact. */
export function readUnitPrice(text: string, field: string): Decision<Decimal> {
  const price = parseNumeric(text);
  if (price === undefined || price.isNegative()) {
    const message = 'must be a decimal number that is not negative';
    return { refused: refusal.invalidField(field, 'unit_price_invalid', message) };
  }
  if (price.greaterThanOrEqualTo(tooLarge) || price.decimalPlaces() > decimalsMax) {
    const message = `must have at most ${wholeDigitsMax} digits before and ${decimalsMax} after the point`;
    return { refused: refusal.invalidField(field, 'unit_price_digits', message) };
  }
  return { accepted: price };
}

export function readUnitCost(json: UnitCostJson, meter: CostMeter | undefined): Decision<UnitCost> {
  if (json.type === 'manual') {
    const read = readUnitPrice(json.amount, '$.unitCost.amount');
    return read.refused === undefined ? { accepted: { type: 'manual', amount: read.accepted } } : read;
  }
  const refused = refuseLlm(json, meter);
  return refused === undefined ? { accepted: unitCostFromJson(json) } : { refused };
}

const pairs = [
  ['provider', 'providerProperty'],
  ['model', 'modelProperty'],
  ['tokenType', 'tokenTypeProperty'],
] as const;

function refuseLlm(json: LlmUnitCostJson, meter: CostMeter | undefined): Refusal | undefined {
  for (const [fixed, property] of pairs) {
    const refused = refusePair(json, { fixed, property }, meter);
    if (refused !== undefined) return refused;
  }
  if (json.tokenType !== undefined && !tokenTypes.some((type) => type === json.tokenType)) {
    const message = `must be one of ${tokenTypes.join(', ')}`;
    return refusal.invalidField('$.unitCost.tokenType', 'unit_cost_token_type', message);
  }
  // Usage is valued in parts, and only sums and counts are the sum of their parts.
  if (meter !== undefined && meter.aggregation !== 'SUM' && meter.aggregation !== 'COUNT') {
    const message = `the meter's aggregation is ${meter.aggregation}; costs per token need SUM or COUNT`;
    return refusal.invalidField('$.unitCost.type', 'unit_cost_aggregation_unsupported', message);
  }
  return undefined;
}

function refusePair(
  json: LlmUnitCostJson,
  names: { readonly fixed: (typeof pairs)[number][0]; readonly property: (typeof pairs)[number][1] },
  meter: CostMeter | undefined,
): Refusal | undefined {
  const { fixed, property } = names;
  const refuse = (name: string, code: string, message: string): Refusal =>
    refusal.invalidField(`$.unitCost.${name}`, code, message);
  const value = json[fixed];
  const key = json[property];
  if (value !== undefined && key !== undefined) {
    return refuse(property, 'unit_cost_exclusive', `cannot be given together with ${fixed}`);
  }
  if (value === undefined && key === undefined) {
    return refuse(fixed, 'unit_cost_required', `either ${fixed} or ${property} is required`);
  }
  if (value !== undefined && (value.trim() === '' || value.length > priceWordMax)) {
    return refuse(fixed, 'unit_cost_text', `must have 1 to ${priceWordMax} characters`);
  }
  if (key === undefined || meter?.groupBy.some((group) => group.key === key) === true) return undefined;
  return refuse(
    property,
    'unit_cost_unknown_dimension',
    meter === undefined
      ? 'names a group by key, but the feature has no meter'
      : `the meter has no group by key ${JSON.stringify(key.slice(0, priceWordMax))}`,
  );
}
