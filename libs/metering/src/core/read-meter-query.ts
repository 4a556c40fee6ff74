import { compareInstants, type Decision, type Instant, refusal, sameInstant } from '@ledgerline/kernel';
import type { Meter } from './meter.js';
import type { CustomerKeys, GroupColumn, MeterQuery, WindowSize } from './meter-query.js';
import {
  filterValuesMax,
  readStringFilter,
  type StringFilter,
  type StringFilterInput,
} from './string-filter.js';

/** A question as callers put it; GET and POST are the same from here on. */
export interface MeterQueryInput {
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly windowSize?: WindowSize | undefined;
  readonly windowTimeZone?: string | undefined;
  readonly subject?: readonly string[] | undefined;
  readonly filterCustomerId?: readonly string[] | undefined;
  /** Empty lists are ignored. */
  readonly filterGroupBy?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly advancedMeterGroupByFilters?: Readonly<Record<string, StringFilterInput>> | undefined;
  readonly groupBy?: readonly string[] | undefined;
}

export interface MeterQueryFacts {
  readonly meter: Meter;
  /** Names that the engine's time zone database knows. */
  readonly timeZones: ReadonlySet<string>;
  /** The customers of `filterCustomerId`, in its order. */
  readonly customers: readonly CustomerKeys[] | undefined;
}

type Refused = Extract<Decision<never>, { refused: unknown }>;
/** The text is what clients of the original know; the issue names the parameter. */
const invalid = (field: string, detail: string): Refused => ({
  refused: refusal.invalid(detail, {
    issues: [{ code: 'invalid_parameter', message: detail, field, severity: 'critical' }],
  }),
});
// A customer list longer than this is a report over all customers: group by subject instead.
const customersMax = 100;
const listMax = 100;

/** Checks a question against its meter; what it answers can be planned without further doubt. */
export function readMeterQuery(input: MeterQueryInput, facts: MeterQueryFacts): Decision<MeterQuery> {
  if (input.from !== undefined && input.to !== undefined) {
    if (sameInstant(input.from, input.to)) return invalid('from', 'from and to cannot be equal');
    if (compareInstants(input.from, input.to) > 0) return invalid('from', 'from must be before to');
  }
  const timeZone = input.windowTimeZone ?? 'UTC';
  if (!facts.timeZones.has(timeZone))
    return invalid('windowTimeZone', `invalid time zone: ${timeZone.slice(0, 64)}`);
  const subjects = nonEmpty(input.subject);
  // Statements carry every one of them; a longer list is a group by subject.
  if (subjects !== undefined && subjects.length > filterValuesMax) {
    return invalid('subject', `subject: more than ${filterValuesMax} subjects`);
  }
  const filterTexts = [input.filterGroupBy, input.advancedMeterGroupByFilters];
  if (weightOf(subjects) + weightOf(filterTexts) > weightMax) {
    return invalid('subject', 'subjects and filters are too long: ask in several queries');
  }
  if (facts.customers?.some(({ keys }) => keys.length === 0) === true) {
    return invalid(
      'filterCustomerId',
      'validation error: customer without key and subject keys cannot be filtered by',
    );
  }
  const groupBy = readGroupBy(input, facts);
  if (groupBy.refused !== undefined) return groupBy;
  const filters = readFilters(input, facts.meter);
  if (filters.refused !== undefined) return filters;
  return {
    accepted: {
      from: input.from,
      to: input.to,
      window: input.windowSize === undefined ? undefined : { size: input.windowSize, timeZone },
      subjects,
      customers: facts.customers,
      groupBy: groupBy.accepted,
      filters: filters.accepted,
    },
  };
}

// All texts of a question travel as parameters of one statement, and engines take about 128 KiB of one parameter and
// 256 KiB of all: there a letter weighs one, and a byte that must be written as \xHH four.
const weightMax = 120_000;
const light = /[A-Za-z0-9 _.,:-]/;

function weightOf(value: unknown): number {
  if (typeof value === 'string') {
    let weight = 0;
    for (let at = 0; at < value.length && weight <= weightMax; at += 1) {
      const code = value.charCodeAt(at);
      weight += code >= 0x800 ? 12 : code >= 0x80 ? 8 : light.test(value.charAt(at)) ? 1 : 4;
    }
    return weight;
  }
  if (typeof value !== 'object' || value === null) return 0;
  let weight = 0;
  for (const inner of Object.values(value)) weight += weightOf(inner);
  return weight;
}

/** What must hold before the customers themselves are looked up. */
export function refuseCustomerFilter(input: MeterQueryInput): Decision<readonly string[] | undefined> {
  const ids = nonEmpty(input.filterCustomerId);
  if (ids === undefined) return { accepted: undefined };
  if (ids.length > customersMax)
    return invalid('filterCustomerId', `filterCustomerId: more than ${customersMax} customers`);
  if (ids.includes('')) return invalid('filterCustomerId', 'validation error: customer filter without id');
  return { accepted: [...new Set(ids)] };
}

const nonEmpty = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  list === undefined || list.length === 0 ? undefined : list;

function readGroupBy(
  input: MeterQueryInput,
  { meter, customers }: MeterQueryFacts,
): Decision<readonly GroupColumn[]> {
  const asked = input.groupBy ?? [];
  if (asked.length > listMax) return invalid('groupBy', `groupBy: more than ${listMax} keys`);
  const columns: GroupColumn[] = [];
  for (const key of new Set(asked)) {
    if (key === 'subject') columns.push({ kind: 'subject' });
    else if (key === 'customer_id') {
      if (customers === undefined) return invalid('groupBy', 'group by customer_id needs filterCustomerId');
      columns.push({ kind: 'customer_id' });
    } else if (meter.groupBy.some((group) => group.key === key)) columns.push({ kind: 'dimension', key });
    else return invalid('groupBy', `invalid group by: ${key.slice(0, 256)}`);
  }
  // A list of subjects or customers is also a wish to see them apart.
  if (nonEmpty(input.subject) !== undefined && !columns.some(({ kind }) => kind === 'subject')) {
    columns.unshift({ kind: 'subject' });
  }
  if (customers !== undefined && !columns.some(({ kind }) => kind === 'customer_id')) {
    columns.push({ kind: 'customer_id' });
  }
  return { accepted: columns };
}

type Filters = readonly { readonly key: string; readonly filter: StringFilter }[];

function readFilters(input: MeterQueryInput, meter: Meter): Decision<Filters> {
  const plain = Object.entries(input.filterGroupBy ?? {});
  const advanced = Object.entries(input.advancedMeterGroupByFilters ?? {});
  if (plain.length > 0 && advanced.length > 0) {
    return invalid(
      'advancedMeterGroupByFilters',
      'advanced meter group by filters and filter group by cannot be used together',
    );
  }
  const filters: { key: string; filter: StringFilter }[] = [];
  for (const [key] of [...plain, ...advanced]) {
    if (!meter.groupBy.some((group) => group.key === key)) {
      return invalid('filterGroupBy', `invalid group by filter: ${key.slice(0, 256)}`);
    }
  }
  for (const [key, values] of plain) {
    if (values.length > filterValuesMax)
      return invalid('filterGroupBy', `filterGroupBy: ${key}: more than ${filterValuesMax} values`);
    if (values.length > 0) filters.push({ key, filter: { operator: '$in', values } });
  }
  for (const [key, filter] of advanced) {
    const read = readStringFilter(filter, key);
    if (read.refused !== undefined) return read;
    if (read.accepted !== undefined) filters.push({ key, filter: read.accepted });
  }
  return { accepted: filters };
}
