import { type Decision, type Refusal, refusal } from '@ledgerline/kernel';

const comparisons = [
  '$eq',
  '$ne',
  '$like',
  '$nlike',
  '$ilike',
  '$nilike',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
] as const;
export type Comparison = (typeof comparisons)[number];

export type StringFilter =
  | { readonly operator: Comparison; readonly value: string }
  | { readonly operator: '$in' | '$nin'; readonly values: readonly string[] }
  | { readonly operator: '$and' | '$or'; readonly filters: readonly StringFilter[] };

/** The contract's FilterString: every operator is optional and may be null. */
export type StringFilterInput = {
  readonly [K in Comparison]?: string | null;
} & {
  readonly $in?: readonly string[] | null;
  readonly $nin?: readonly string[] | null;
  readonly $and?: readonly StringFilterInput[] | null;
  readonly $or?: readonly StringFilterInput[] | null;
};

// Deeper logic than this is a query language, and each level multiplies the statement.
export const filterDepthMax = 4;
/** One statement carries them all as parameters. */
export const filterValuesMax = 1000;
/** UTF-8 bytes of all values of one filter: parameters travel in the address of a request, percent-encoded at worst. */
export const filterBytesMax = 40_000;
// Filters joined by logic, all levels together: each is an expression of the statement.
const filterPartsMax = 200;

interface Budget {
  parts: number;
  values: number;
  bytes: number;
}

/**
 * Reads a filter object; undefined as accepted outcome when it is empty and therefore matches everything. `field` is how the
 * caller knows it: `filter.subject` makes errors speak of `filter.subject.$in`. `depthMax` is how deep $and and $or may nest.
 */
export function readStringFilter(
  input: StringFilterInput,
  field: string,
  depthMax = filterDepthMax,
): Decision<StringFilter | undefined> {
  return readPart(input, { field, depth: depthMax, budget: { parts: 0, values: 0, bytes: 0 } });
}

interface Place {
  readonly field: string;
  /** Levels of logic that are left. */
  readonly depth: number;
  readonly budget: Budget;
}

function readPart(input: StringFilterInput, place: Place): Decision<StringFilter | undefined> {
  const found = readOperator(input, place.field);
  if (found.refused !== undefined) return found;
  const operator = found.accepted;
  if (operator === undefined) return { accepted: undefined };
  const field = `${place.field}.${operator}`;
  place.budget.parts += 1;
  if (place.budget.parts > filterPartsMax) return refuse(field, `more than ${filterPartsMax} filters`);
  if (operator === '$and' || operator === '$or') {
    return readLogic(operator, input[operator] ?? [], { ...place, field });
  }
  if (operator === '$in' || operator === '$nin') {
    const values = input[operator] ?? [];
    return excessOf(values, field, place.budget) ?? { accepted: { operator, values: [...new Set(values)] } };
  }
  const value = input[operator] ?? '';
  return excessOf([value], field, place.budget) ?? { accepted: { operator, value: closed(operator, value) } };
}

const operators = [...comparisons, '$in', '$nin', '$and', '$or'] as const;
type Operator = (typeof operators)[number];

/** The one operator of a filter object; undefined when it has none. Null is absent. */
export function readOperator(
  input: Readonly<Record<string, unknown>>,
  field: string,
): Decision<Operator | undefined> {
  const given = Object.entries(input).filter(([, value]) => value !== null && value !== undefined);
  if (given.length > 1) return refuse(field, 'only one filter operator can be set');
  const [name] = given.map(([key]) => key);
  if (name === undefined) return { accepted: undefined };
  const operator = operators.find((one) => one === name);
  if (operator === undefined) return refuse(field, `unknown filter operator ${name.slice(0, 32)}`);
  return { accepted: operator };
}

function readLogic(
  operator: '$and' | '$or',
  inner: readonly StringFilterInput[],
  place: Place,
): Decision<StringFilter | undefined> {
  if (place.depth <= 0) return refuse(place.field, 'filters are nested too deep');
  const filters: StringFilter[] = [];
  let matchesAll = false;
  for (const [at, one] of inner.entries()) {
    const read = readPart(one, { ...place, field: `${place.field}[${at}]`, depth: place.depth - 1 });
    if (read.refused !== undefined) return read;
    if (read.accepted === undefined) matchesAll = true;
    else filters.push(read.accepted);
  }
  // An empty filter matches everything: an OR with it does too, an AND does not notice it.
  if (filters.length === 0 || (matchesAll && operator === '$or')) return { accepted: undefined };
  return { accepted: { operator, filters } };
}

function excessOf(
  values: readonly string[],
  field: string,
  budget: Budget,
): { readonly refused: Refusal } | undefined {
  budget.values += values.length;
  if (budget.values > filterValuesMax) return refuse(field, `more than ${filterValuesMax} values`);
  for (const value of values) budget.bytes += utf8Length(value);
  if (budget.bytes > filterBytesMax) return refuse(field, `values of more than ${filterBytesMax} bytes`);
  const odd = values.find((value) => value.includes('\0'));
  // Nothing stored holds one, and a store that ends texts there would match something else.
  return odd === undefined ? undefined : refuse(field, 'must not hold U+0000');
}

const encoder = new TextEncoder();
const utf8Length = (text: string): number => encoder.encode(text).length;

/** A pattern that ends in an open escape would be an error of the store: its last backslash stands for itself. */
function closed(operator: Comparison, value: string): string {
  if (!operator.endsWith('like')) return value;
  const trailing = /\\*$/.exec(value)?.[0].length ?? 0;
  return trailing % 2 === 0 ? value : `${value}\\`;
}

/** The texts stay those that clients of the original know; the issue names the field. */
export function refuse(field: string, message: string): { readonly refused: Refusal } {
  return {
    refused: refusal.invalid(`validation error: ${field}: ${message}`, {
      issues: [{ code: 'invalid_filter', message, field, severity: 'critical' }],
    }),
  };
}
