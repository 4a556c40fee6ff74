import { invariant, type Instant } from '@ledgerline/kernel';
import { instantFromDb } from '@ledgerline/platform/postgres';
import { aggregations, type Aggregation, type GroupBy, type Meter } from '../core/meter.js';
import { type JsonPath, parseJsonPath } from '../core/json-path.js';

/** A row of `meters`, as pg delivers it. */
export interface MeterRow {
  readonly namespace: string;
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly aggregation: string;
  readonly event_type: string;
  readonly event_from: Date | null;
  readonly value_property: string | null;
  readonly group_by: readonly GroupPair[];
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly deleted_at: Date | null;
}

/** Key and path of one group. */
export type GroupPair = readonly [string, string];

export const meterFromDb = (row: MeterRow): Meter => ({
  id: row.id,
  namespace: row.namespace,
  slug: row.slug,
  name: row.name,
  description: row.description ?? undefined,
  metadata: row.metadata ?? undefined,
  aggregation: aggregationFromDb(row.aggregation),
  eventType: row.event_type,
  eventFrom: optionalInstant(row.event_from),
  valueProperty: row.value_property === null ? undefined : pathFromDb(row.value_property),
  groupBy: groupByFromDb(row.group_by),
  version: row.version,
  createdAt: instantFromDb(row.created_at),
  updatedAt: instantFromDb(row.updated_at),
  deletedAt: optionalInstant(row.deleted_at),
});

const optionalInstant = (value: Date | null): Instant | undefined =>
  value === null ? undefined : instantFromDb(value);

export function aggregationFromDb(text: string): Aggregation {
  const found = aggregations.find((one) => one === text);
  invariant(found !== undefined, `a meter with the unknown aggregation ${text}`);
  return found;
}

export function pathFromDb(text: string): JsonPath {
  const read = parseJsonPath(text);
  invariant(read.refused === undefined, `a stored meter has a path that cannot be read: ${text}`);
  return read.accepted;
}

export const groupByFromDb = (pairs: readonly GroupPair[]): GroupBy =>
  pairs.map(([key, text]) => ({ key, path: pathFromDb(text) }));

export const groupByToDb = (groupBy: GroupBy): string =>
  JSON.stringify(groupBy.map(({ key, path }): GroupPair => [key, path.text]));
