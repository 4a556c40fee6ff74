import type { components, OpRequest } from '@ledgerline/contract';
import { type Decimal, type Instant, instant, refusal, Refused, toRfc3339 } from '@ledgerline/kernel';
import type { MeterChange, MeterDraft } from '../core/decide-meter.js';
import { groupByTexts, type Meter } from '../core/meter.js';
import type { AnswerRow, MeterQueryAnswer } from '../core/meter-query.js';
import type { TimeRange } from '../core/plan-meter-values.js';
import type { Progress } from '../core/progress.js';
import type { MeterQueryInput } from '../core/read-meter-query.js';

type Schemas = components['schemas'];

/** Formats are checked before; what Temporal still cannot hold (a year beyond its calendar) is named. */
export function instantFromApi(field: string, text: string): Instant {
  try {
    return instant(text);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new Refused(refusal.invalidField(field, 'instant', 'is not a point in time'));
    }
    throw error;
  }
}

const optionalInstant = (field: string, text: string | null | undefined): Instant | undefined =>
  text === undefined || text === null ? undefined : instantFromApi(field, text);

/** The one place where an exact value becomes the contract's double. */
const toDouble = (value: Decimal): number => value.toNumber();

export const meterDraftFromApi = (body: Schemas['MeterCreate']): MeterDraft => ({
  slug: body.slug,
  name: body.name,
  description: body.description,
  metadata: body.metadata,
  aggregation: body.aggregation,
  eventType: body.eventType,
  eventFrom: optionalInstant('$.eventFrom', body.eventFrom),
  valueProperty: body.valueProperty,
  groupBy: body.groupBy,
});

export const meterChangeFromApi = (body: Schemas['MeterUpdate']): MeterChange => ({
  name: body.name,
  description: body.description,
  metadata: body.metadata,
  groupBy: body.groupBy,
});

export const meterToApi = (meter: Meter): Schemas['Meter'] => ({
  id: meter.id,
  slug: meter.slug,
  name: meter.name,
  aggregation: meter.aggregation,
  eventType: meter.eventType,
  createdAt: toRfc3339(meter.createdAt),
  updatedAt: toRfc3339(meter.updatedAt),
  ...(meter.description === undefined ? {} : { description: meter.description }),
  ...(meter.metadata === undefined ? {} : { metadata: { ...meter.metadata } }),
  ...(meter.eventFrom === undefined ? {} : { eventFrom: toRfc3339(meter.eventFrom) }),
  ...(meter.valueProperty === undefined ? {} : { valueProperty: meter.valueProperty.text }),
  ...(meter.groupBy.length === 0 ? {} : { groupBy: groupByTexts(meter.groupBy) }),
  ...(meter.deletedAt === undefined ? {} : { deletedAt: toRfc3339(meter.deletedAt) }),
});

export const rangeFromApi = (query: { readonly from?: string; readonly to?: string }): TimeRange => ({
  from: optionalInstant('from', query.from),
  to: optionalInstant('to', query.to),
});

export const meterQueryFromApi = (query: OpRequest<'queryMeter'>['query']): MeterQueryInput => ({
  ...commonFromApi(query),
  filterGroupBy: mapValues(query.filterGroupBy, (value) => [value]),
});

export const meterQueryFromApiBody = (body: Schemas['MeterQueryRequest']): MeterQueryInput => ({
  ...commonFromApi(body),
  filterGroupBy: body.filterGroupBy,
});

type CommonQuery = Omit<Schemas['MeterQueryRequest'], 'filterGroupBy' | 'windowTimeZone'> & {
  readonly windowTimeZone?: string;
};

const commonFromApi = (query: CommonQuery): MeterQueryInput => ({
  from: optionalInstant('from', query.from),
  to: optionalInstant('to', query.to),
  windowSize: query.windowSize,
  windowTimeZone: query.windowTimeZone,
  subject: query.subject,
  filterCustomerId: query.filterCustomerId,
  groupBy: query.groupBy,
  advancedMeterGroupByFilters: query.advancedMeterGroupByFilters,
});

const mapValues = <A, B>(
  record: Readonly<Record<string, A>> | undefined,
  each: (value: A) => B,
): Record<string, B> | undefined =>
  record === undefined
    ? undefined
    : Object.fromEntries(Object.entries(record).map(([key, value]) => [key, each(value)]));

export const meterAnswerToApi = ({ query, rows }: MeterQueryAnswer): Schemas['MeterQueryResult'] => ({
  ...(query.from === undefined ? {} : { from: toRfc3339(query.from) }),
  ...(query.to === undefined ? {} : { to: toRfc3339(query.to) }),
  ...(query.window === undefined ? {} : { windowSize: query.window.size }),
  data: rows.map(rowToApi),
});

const rowToApi = (row: AnswerRow): Schemas['MeterQueryRow'] => ({
  value: toDouble(row.value),
  windowStart: toRfc3339(row.windowStart),
  windowEnd: toRfc3339(row.windowEnd),
  subject: row.subject ?? null,
  ...(row.customerId === undefined ? {} : { customerId: row.customerId }),
  groupBy: { ...row.groupBy },
});

export const progressToApi = ({ success, failed, total, updatedAt }: Progress): Schemas['Progress'] => ({
  success,
  failed,
  total,
  updatedAt: toRfc3339(updatedAt),
});
