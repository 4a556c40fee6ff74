import type { Instant } from '@ledgerline/kernel';
import type { JsonPath } from './json-path.js';

export const aggregations = ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'UNIQUE_COUNT', 'LATEST'] as const;
export type Aggregation = (typeof aggregations)[number];

/** Named paths in the order in which they were given; readings keep their values in this order. */
export type GroupBy = readonly { readonly key: string; readonly path: JsonPath }[];

/**
 * What readings are built from. Everything but `groupBy` is fixed for the life of a meter, so a new version exists exactly
 * when the groups changed.
 */
export interface MeterVersion {
  readonly version: number;
  readonly groupBy: GroupBy;
  /** True once readings of this version cover every stored event below the readings mark of every partition. */
  readonly complete: boolean;
}

export interface Meter {
  readonly id: string;
  readonly namespace: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly aggregation: Aggregation;
  readonly eventType: string;
  readonly eventFrom: Instant | undefined;
  /** Absent for COUNT only. */
  readonly valueProperty: JsonPath | undefined;
  readonly groupBy: GroupBy;
  /** The version that `groupBy` belongs to. */
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly deletedAt: Instant | undefined;
}

/** What one extraction needs to know of a meter: the same for a chunk of readings, a tail and a list of events. */
export interface Extraction {
  readonly namespace: string;
  readonly meterId: string;
  readonly version: number;
  readonly eventType: string;
  readonly aggregation: Aggregation;
  readonly valueProperty: JsonPath | undefined;
  readonly groupBy: GroupBy;
}

/** How a value is read: a number, a text that is told apart from others, or nothing but that the event is there. */
export type ValueKind = 'number' | 'text' | 'none';

export const valueKindOf = (aggregation: Aggregation): ValueKind =>
  aggregation === 'COUNT' ? 'none' : aggregation === 'UNIQUE_COUNT' ? 'text' : 'number';

export const extractionOf = (
  meter: Meter,
  version?: Pick<MeterVersion, 'version' | 'groupBy'>,
): Extraction => ({
  namespace: meter.namespace,
  meterId: meter.id,
  version: version?.version ?? meter.version,
  eventType: meter.eventType,
  aggregation: meter.aggregation,
  valueProperty: meter.valueProperty,
  groupBy: version?.groupBy ?? meter.groupBy,
});

export const groupByTexts = (groupBy: GroupBy): Record<string, string> =>
  Object.fromEntries(groupBy.map(({ key, path }) => [key, path.text]));

/** Same keys with the same paths, in whatever order: then a new version would hold the same values. */
export const sameGroupBy = (a: GroupBy, b: GroupBy): boolean =>
  a.length === b.length &&
  a.every(({ key, path }) => b.some((other) => other.key === key && other.path.text === path.text));
