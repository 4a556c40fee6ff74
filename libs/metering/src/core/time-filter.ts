import type { Decision, Instant } from '@ledgerline/kernel';
import { readOperator, refuse } from './string-filter.js';

/** The contract's FilterTime, its instants read. */
export interface TimeFilterInput {
  readonly $gt?: Instant | null | undefined;
  readonly $gte?: Instant | null | undefined;
  readonly $lt?: Instant | null | undefined;
  readonly $lte?: Instant | null | undefined;
  readonly $and?: readonly TimeFilterInput[] | null | undefined;
  readonly $or?: readonly TimeFilterInput[] | null | undefined;
}

/** A filter over whole units of time since the epoch: bounds between two units are moved so that they mean the same. */
export type TimeFilter =
  | { readonly operator: '>' | '>=' | '<' | '<='; readonly value: number }
  | { readonly operator: '$and' | '$or'; readonly filters: readonly TimeFilter[] };

// Two bounds make a span; a list of spans longer than this is a report.
const filtersMax = 100;

/** Reads a filter object for a column that is kept in units of `unitMs`; undefined when it matches everything. */
export function readTimeFilter(
  input: TimeFilterInput,
  column: { readonly field: string; readonly unitMs: number; readonly depthMax: number },
): Decision<TimeFilter | undefined> {
  const { field, unitMs } = column;
  const found = readOperator({ ...input }, field);
  if (found.refused !== undefined) return found;
  const operator = found.accepted;
  if (operator === undefined) return { accepted: undefined };
  if (operator === '$and' || operator === '$or') return readLogic(operator, input[operator] ?? [], column);
  const compared = comparisons.get(operator);
  if (compared === undefined) return refuse(field, `unknown filter operator ${operator}`);
  const { sign, round } = compared;
  const at = input[compared.name];
  return { accepted: { operator: sign, value: at ? round(unitsOf(at, unitMs)) : 0 } };
}

// A bound between two units: all units on the same side of it are above or below both of its neighbours.
const comparisons = new Map<
  string,
  {
    readonly name: '$gt' | '$gte' | '$lt' | '$lte';
    readonly sign: '>' | '>=' | '<' | '<=';
    readonly round: (units: number) => number;
  }
>([
  ['$gt', { name: '$gt', sign: '>', round: Math.floor }],
  ['$gte', { name: '$gte', sign: '>=', round: Math.ceil }],
  ['$lt', { name: '$lt', sign: '<', round: Math.ceil }],
  ['$lte', { name: '$lte', sign: '<=', round: Math.floor }],
]);

function readLogic(
  operator: '$and' | '$or',
  inner: readonly TimeFilterInput[],
  column: { readonly field: string; readonly unitMs: number; readonly depthMax: number },
): Decision<TimeFilter | undefined> {
  const field = `${column.field}.${operator}`;
  if (column.depthMax <= 0) return refuse(field, 'filters are nested too deep');
  if (inner.length > filtersMax) return refuse(field, `more than ${filtersMax} filters`);
  const filters: TimeFilter[] = [];
  let matchesAll = false;
  for (const [at, one] of inner.entries()) {
    const read = readTimeFilter(one, {
      ...column,
      field: `${field}[${at}]`,
      depthMax: column.depthMax - 1,
    });
    if (read.refused !== undefined) return read;
    if (read.accepted === undefined) matchesAll = true;
    else filters.push(read.accepted);
  }
  if (filters.length === 0 || (matchesAll && operator === '$or')) return { accepted: undefined };
  return { accepted: { operator, filters } };
}

/** With its fraction: digits below a millisecond only tell on which side of it the bound lies. */
function unitsOf(at: Instant, unitMs: number): number {
  const ms = at.epochMilliseconds;
  const rest = at.epochNanoseconds - BigInt(ms) * 1_000_000n;
  return (ms + (rest === 0n ? 0 : 0.5)) / unitMs;
}
