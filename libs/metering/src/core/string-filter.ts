import { type Decision, refusal } from '@ledgerline/kernel';

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
const depthMax = 4;
/** One statement carries them all as parameters. */
export const filterValuesMax = 1000;

/** Reads a filter object; undefined as accepted outcome when it is empty and therefore matches everything. */
export function readStringFilter(
  input: StringFilterInput,
  field: string,
  depth = 0,
): Decision<StringFilter | undefined> {
  const given = Object.entries(input).filter(([, value]) => value !== null);
  if (given.length === 0) return { accepted: undefined };
  if (given.length > 1) {
    return { refused: refusal.invalid(`validation error: ${field}: only one filter operator can be set`) };
  }
  const values = input.$in ?? input.$nin;
  if (values !== null && values !== undefined) {
    if (values.length > filterValuesMax) {
      return { refused: refusal.invalid(`validation error: ${field}: more than ${filterValuesMax} values`) };
    }
    const operator = input.$in === null || input.$in === undefined ? '$nin' : '$in';
    return { accepted: { operator, values } };
  }
  const inner = input.$and ?? input.$or;
  if (inner !== null && inner !== undefined) {
    const operator = input.$and === null || input.$and === undefined ? '$or' : '$and';
    return readLogic(operator, inner, { field, depth });
  }
  for (const operator of comparisons) {
    const value = input[operator];
    if (value !== null && value !== undefined) return { accepted: { operator, value } };
  }
  return {
    refused: refusal.invalid(`validation error: ${field}: unknown filter operator ${given[0]?.[0] ?? ''}`),
  };
}

function readLogic(
  operator: '$and' | '$or',
  inner: readonly StringFilterInput[],
  place: { readonly field: string; readonly depth: number },
): Decision<StringFilter | undefined> {
  const { field, depth } = place;
  if (depth >= depthMax) {
    return { refused: refusal.invalid(`validation error: ${field}: filters nest deeper than ${depthMax}`) };
  }
  if (inner.length > filterValuesMax) {
    return { refused: refusal.invalid(`validation error: ${field}: more than ${filterValuesMax} filters`) };
  }
  const filters: StringFilter[] = [];
  for (const one of inner) {
    const read = readStringFilter(one, field, depth + 1);
    if (read.refused !== undefined) return read;
    // An empty filter matches everything: an OR with it does too, an AND does not notice it.
    if (read.accepted === undefined && operator === '$or') return { accepted: undefined };
    if (read.accepted !== undefined) filters.push(read.accepted);
  }
  return { accepted: filters.length === 0 ? undefined : { operator, filters } };
}
