import {
  type Decimal,
  earliest,
  type Instant,
  compareInstants,
  latest,
  sum,
  toRfc3339,
  ZERO,
} from '@ledgerline/kernel';
import { describeKey } from './decide-price.js';
import { changesWithin, priceAt, type PriceKey, type Timeline } from './price-book.js';
import { type LlmUnitCost, termsOf } from './unit-cost.js';

/** A row of usage, in the windows and groups that were asked for. */
export interface UsedRow {
  readonly value: Decimal;
  readonly windowStart: Instant;
  readonly windowEnd: Instant;
  readonly subject: string | undefined;
  readonly customerId: string | undefined;
  readonly groupBy: Readonly<Record<string, string>>;
}

/** A row, or a part of one: of one piece of time and of one value of each group that prices differ by. */
export interface UsedPart {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  readonly row: UsedRow;
  /** Values of the unit cost's properties, in the order of `propertiesOf`. */
  readonly by: readonly string[];
}

export interface CostRow extends Omit<UsedRow, 'value'> {
  readonly usage: Decimal;
  /** undefined where some of the usage has no price: a sum without it would look complete. */
  readonly cost: Decimal | undefined;
  /** Why there is no cost. */
  readonly detail: string | undefined;
}

/** Whose price a part of the usage has. */
export function priceKeyOf(cost: LlmUnitCost, by: readonly string[]): PriceKey {
  let next = 0;
  const [provider = '', model = '', tokenType = ''] = termsOf(cost).map((term) => {
    if (term.kind === 'fixed') return term.value;
    next += 1;
    return by[next - 1] ?? '';
  });
  return { provider, model, tokenType };
}

/** The time in which a part's events lie: its piece, and its window where that is shorter. */
const spanOf = ({ from, to, row }: UsedPart): { readonly from: Instant; readonly to: Instant } => ({
  from: latest(row.windowStart, from ?? row.windowStart),
  to: earliest(row.windowEnd, to ?? row.windowEnd),
});

/** Instants at which usage must be cut, so that each part has one price. */
export const cutsNeeded = (part: UsedPart, timeline: Timeline): readonly Instant[] =>
  // Also of a part that adds up to nothing: what was used before a change and taken back after it costs the difference.
  changesWithin(timeline, spanOf(part));

export interface Usage {
  readonly parts: readonly UsedPart[];
  /** Whether rows are told apart by their windows. */
  readonly windowed: boolean;
}

/** Every unit costs the same. */
export const rateManualCost = (usage: Usage, amount: Decimal): readonly CostRow[] =>
  addUp(
    usage.parts.map((part) => ({ part, cost: part.row.value.times(amount) })),
    usage.windowed,
  );

/** Parts must be cut where prices change: each is valued by the price at its beginning. */
export const rateLlmCost = (
  usage: Usage,
  cost: LlmUnitCost,
  timelineOf: (key: PriceKey) => Timeline,
): readonly CostRow[] =>
  addUp(
    usage.parts.map((part) => {
      // Nothing used costs nothing, whatever it would have cost.
      if (part.row.value.isZero()) return { part, cost: ZERO };
      const key = priceKeyOf(cost, part.by);
      const { from } = spanOf(part);
      const timeline = timelineOf(key);
      const price = priceAt(timeline, from);
      return price === undefined
        ? { part, missing: missingPrice(key, timeline) }
        : { part, cost: part.row.value.times(price) };
    }),
    usage.windowed,
  );

function missingPrice(key: PriceKey, timeline: Timeline): string {
  const first = timeline[0];
  return `no price for ${describeKey(key)}${first === undefined ? '' : ` before ${toRfc3339(first.validFrom)}`}`;
}

type RatedPart =
  | { readonly part: UsedPart; readonly cost: Decimal; readonly missing?: undefined }
  | { readonly part: UsedPart; readonly cost?: undefined; readonly missing: string };

/** A sentence names so many missing prices; the rest is counted. */
const namedMax = 5;

function addUp(rated: readonly RatedPart[], windowed: boolean): readonly CostRow[] {
  const rows = new Map<string, [RatedPart, ...RatedPart[]]>();
  for (const one of rated) {
    const identity = identityOf(one.part.row, windowed);
    const known = rows.get(identity);
    if (known === undefined) rows.set(identity, [one]);
    else known.push(one);
  }
  const added = [...rows.values()].map(addUpRow);
  return windowed ? added.sort((a, b) => compareInstants(a.windowStart, b.windowStart)) : added;
}

const identityOf = ({ windowStart, subject, customerId, groupBy }: UsedRow, windowed: boolean): string =>
  JSON.stringify([
    windowed ? windowStart.epochMilliseconds : null,
    subject ?? null,
    customerId ?? null,
    Object.entries(groupBy),
  ]);

function addUpRow(parts: readonly [RatedPart, ...RatedPart[]]): CostRow {
  const { subject, customerId, groupBy } = parts[0].part.row;
  const missing = [...new Set(parts.flatMap((part) => part.missing ?? []))];
  const costs = parts.flatMap(({ cost }) => cost ?? []);
  const named = missing.slice(0, namedMax).join('; ');
  const rest = missing.length > namedMax ? `; and ${missing.length - namedMax} more` : '';
  return {
    subject,
    customerId,
    groupBy,
    // Without windows a row begins with the first of its events and ends with the last, where nothing else bounds it.
    windowStart: parts.map(({ part }) => part.row.windowStart).reduce((a, b) => earliest(a, b)),
    windowEnd: parts.map(({ part }) => part.row.windowEnd).reduce((a, b) => latest(a, b)),
    usage: sum(parts.map(({ part }) => part.row.value)),
    cost: missing.length === 0 ? sum(costs) : undefined,
    detail: missing.length === 0 ? undefined : `${named}${rest}`,
  };
}
