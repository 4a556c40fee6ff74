import { decimal, type Decimal, Temporal } from '@ledgerline/kernel';

/** What the model knows of a stored event; `value` is JSON, undefined where the path finds nothing. */
export interface ModelEvent {
  readonly order: number;
  readonly seconds: number;
  readonly subject: string;
  readonly value: unknown;
  readonly model: string | undefined;
}

type ModelWindow = 'MINUTE' | 'HOUR' | 'DAY' | 'MONTH';

export interface ModelQuery {
  readonly aggregation: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly window?: ModelWindow | undefined;
  readonly zone: string;
  readonly bySubject: boolean;
  readonly byModel: boolean;
  readonly onlyModel?: string | undefined;
  /** Asked for by name, which also tells them apart. */
  readonly onlySubjects?: readonly string[] | undefined;
}

/** A number as the meter reads it; written apart from the SQL on purpose. */
function numberOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') return decimal(value);
  if (typeof value !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return undefined;
  return decimal(value.replace(/^\+/, ''));
}

function windowOf(seconds: number, size: ModelWindow, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(seconds * 1000).toZonedDateTimeISO(zone);
  if (size === 'MINUTE' || size === 'HOUR') {
    const smallestUnit = size === 'HOUR' ? 'hour' : 'minute';
    return local.round({ smallestUnit, roundingMode: 'floor' }).toInstant().toString();
  }
  return (size === 'DAY' ? local : local.with({ day: 1 })).startOfDay().toInstant().toString();
}

function aggregate(aggregation: string, events: readonly ModelEvent[]): number | undefined {
  if (aggregation === 'COUNT') return events.length;
  if (aggregation === 'UNIQUE_COUNT') {
    return new Set(
      events
        .filter(({ value }) => value !== null)
        .map(({ value }) =>
          value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value),
        ),
    ).size;
  }
  const usable = events
    .flatMap((event) => {
      const number = numberOf(event.value);
      return number === undefined ? [] : [{ ...event, number }];
    })
    .sort((a, b) => a.seconds - b.seconds || a.order - b.order);
  const numbers = usable.map(({ number }) => number);
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((a, b) => a.plus(b));
  switch (aggregation) {
    case 'SUM':
      return sum.toNumber();
    case 'AVG':
      return sum.dividedBy(numbers.length).toDecimalPlaces(19).toNumber();
    case 'MIN':
      return numbers.reduce((a, b) => (a.lessThan(b) ? a : b)).toNumber();
    case 'MAX':
      return numbers.reduce((a, b) => (a.greaterThan(b) ? a : b)).toNumber();
    default:
      return numbers.at(-1)?.toNumber();
  }
}

/** Rows `[window, subject, model, value]` in order, straight from the list of events. */
export function modelRows(events: readonly ModelEvent[], query: ModelQuery): unknown[][] {
  const groups = new Map<string, ModelEvent[]>();
  for (const event of events) {
    if (query.from !== undefined && event.seconds < query.from) continue;
    if (query.to !== undefined && event.seconds >= query.to) continue;
    if (query.onlyModel !== undefined && (event.model ?? '') !== query.onlyModel) continue;
    if (query.onlySubjects !== undefined && !query.onlySubjects.includes(event.subject)) continue;
    const key = JSON.stringify([
      query.window === undefined ? null : windowOf(event.seconds, query.window, query.zone),
      query.bySubject ? event.subject : null,
      query.byModel ? (event.model ?? '') : null,
    ]);
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  const rows = [...groups].flatMap(([key, members]) => {
    const value = aggregate(query.aggregation, members);
    // An answer has no negative zero.
    return value === undefined ? [] : [[...(JSON.parse(key) as unknown[]), value + 0]];
  });
  const counts = query.aggregation === 'COUNT' || query.aggregation === 'UNIQUE_COUNT';
  const plain = query.window === undefined && !query.bySubject && !query.byModel;
  if (rows.length === 0 && counts && plain) return [[null, null, null, 0]];
  return rows.sort((a, b) => (JSON.stringify(a.slice(0, 3)) < JSON.stringify(b.slice(0, 3)) ? -1 : 1));
}
