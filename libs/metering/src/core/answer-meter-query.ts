import {
  type Decimal,
  decimal,
  floorToMinute,
  type Instant,
  instantFromMs,
  Temporal,
  ZERO,
} from '@ledgerline/kernel';
import type { Aggregation } from './meter.js';
import type { AnswerRow, MeterQuery, UsageRow, WindowSize } from './meter-query.js';

/** Digits after the point that a quotient keeps: as many as a reading has. */
const averageScale = 19;

/** The value of one aggregated row; undefined when no event of it had a usable one. */
export function valueOfRow(
  aggregation: Aggregation,
  row: Pick<UsageRow, 'value' | 'count'>,
): Decimal | undefined {
  if (row.value === null) return undefined;
  const value = decimal(row.value);
  if (aggregation !== 'AVG') return value;
  return averageOf(value, decimal(row.count));
}

const averageOf = (sum: Decimal, count: Decimal): Decimal | undefined =>
  count.isZero() ? undefined : sum.dividedBy(count).toDecimalPlaces(averageScale);

const atSeconds = (seconds: number): Instant => instantFromMs(seconds * 1000);
const minute = { minutes: 1 } as const;

/** The end of a window: days and months are calendar ones, so a day can have 23 or 25 hours. */
export function windowEnd(start: Instant, size: WindowSize, timeZone: string): Instant {
  if (size === 'MINUTE') return start.add(minute);
  if (size === 'HOUR') return start.add({ hours: 1 });
  const date = start.toZonedDateTimeISO(timeZone).toPlainDate();
  const next = size === 'DAY' ? date.add({ days: 1 }) : date.with({ day: 1 }).add({ months: 1 });
  return next.toZonedDateTime({ timeZone }).startOfDay().toInstant();
}

/** Rows of the store as an answer: windows completed, values without meaning left out, counts of nothing shown as 0. */
export function answerMeterQuery(
  aggregation: Aggregation,
  query: MeterQuery,
  rows: readonly UsageRow[],
): readonly AnswerRow[] {
  const answered = rows.flatMap((row): AnswerRow[] => {
    const value = valueOfRow(aggregation, row);
    return value === undefined ? [] : [{ value, ...boundsOf(query, row), ...groupsOf(query, row.groups) }];
  });
  const counts = aggregation === 'COUNT' || aggregation === 'UNIQUE_COUNT';
  const ungrouped = query.window === undefined && query.groupBy.length === 0;
  return answered.length === 0 && counts && ungrouped ? [nothingCounted(query)] : answered;
}

function boundsOf(query: MeterQuery, row: UsageRow): Pick<AnswerRow, 'windowStart' | 'windowEnd'> {
  const start = atSeconds(row.startSeconds);
  if (query.window !== undefined) {
    const { size, timeZone } = query.window;
    return { windowStart: start, windowEnd: windowEnd(start, size, timeZone) };
  }
  return {
    windowStart: query.from ?? floorToMinute(start),
    windowEnd: query.to ?? floorToMinute(atSeconds(row.endSeconds)).add(minute),
  };
}

function groupsOf(
  query: MeterQuery,
  values: readonly string[],
): Pick<AnswerRow, 'subject' | 'customerId' | 'groupBy'> {
  const columns = query.groupBy.map((column, at) => ({ column, value: values[at] ?? '' }));
  return {
    subject: columns.find(({ column }) => column.kind === 'subject')?.value,
    customerId: columns.find(({ column }) => column.kind === 'customer_id')?.value,
    // Not by assignment: `__proto__` is a key like any other.
    groupBy: Object.fromEntries(
      columns.flatMap(({ column, value }) => (column.kind === 'dimension' ? [[column.key, value]] : [])),
    ),
  };
}

function nothingCounted(query: MeterQuery): AnswerRow {
  const epoch = Temporal.Instant.fromEpochMilliseconds(0);
  return {
    value: ZERO,
    windowStart: query.from ?? epoch,
    windowEnd: query.to ?? epoch.add(minute),
    subject: undefined,
    customerId: undefined,
    groupBy: {},
  };
}
