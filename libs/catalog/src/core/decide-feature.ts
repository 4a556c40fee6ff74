import { type Meter, readStringFilter } from '@ledgerline/metering/core';
import { type Decision, type Instant, isUlid, refusal, type Refusal } from '@ledgerline/kernel';
import { readUnitCost } from './check-unit-cost.js';
import type { DimensionFilter, Feature } from './feature.js';
import type { UnitCostJson } from './unit-cost.js';

type FeatureMeter = Pick<Meter, 'id' | 'slug' | 'aggregation' | 'groupBy'>;

/** What a caller says about a new feature. */
export interface FeatureDraft {
  readonly key: string;
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly meterSlug?: string | undefined;
  /** Shorthand: dimension → the value it must equal. */
  readonly equals?: Readonly<Record<string, string>> | undefined;
  /** Wins over the shorthand, unless it is empty. */
  readonly filters?: Readonly<Record<string, DimensionFilter>> | undefined;
  readonly unitCost?: UnitCostJson | undefined;
}

export interface NewFeatureFacts {
  readonly namespace: string;
  readonly id: string;
  readonly now: Instant;
  /** The live meter that the draft names; undefined when there is none. */
  readonly meter: FeatureMeter | undefined;
  readonly keyTaken: boolean;
}

// Balances and invoices add usage up over time, which averages, minima and maxima do not allow.
const meterable: readonly string[] = ['SUM', 'COUNT', 'UNIQUE_COUNT', 'LATEST'];
/** As many as a meter has dimensions at most. */
const filtersMax = 64;

export const featureNotFound = (idOrKey: string): Refusal =>
  refusal.notFound(`feature not found: ${idOrKey}`);

export const featureKeyConflict = (key: string): Refusal =>
  refusal.conflict(`a feature with the key ${key} exists already`);

export function decideCreateFeature(draft: FeatureDraft, facts: NewFeatureFacts): Decision<Feature> {
  if (isUlid(draft.key)) {
    const message = 'must not look like an id (ULID): lookups by id or key could not tell them apart';
    return { refused: refusal.invalidField('$.key', 'key_is_ulid', message) };
  }
  const { meter } = facts;
  if (draft.meterSlug !== undefined && meter === undefined) {
    return { refused: refusal.notFound(`meter not found: ${draft.meterSlug}`) };
  }
  if (meter !== undefined && !meterable.includes(meter.aggregation)) {
    const message = `the meter's aggregation is ${meter.aggregation}; a feature needs one of ${meterable.join(', ')}`;
    return { refused: refusal.invalidField('$.meterSlug', 'meter_aggregation_unsupported', message) };
  }
  const filters = filtersOf(draft);
  const refused = refuseFilters(draft, filters, meter);
  if (refused !== undefined) return { refused };
  const unitCost = draft.unitCost === undefined ? undefined : readUnitCost(draft.unitCost, meter);
  if (unitCost?.refused !== undefined) return unitCost;
  if (facts.keyTaken) return { refused: featureKeyConflict(draft.key) };
  return {
    accepted: {
      id: facts.id,
      namespace: facts.namespace,
      key: draft.key,
      name: draft.name,
      metadata: draft.metadata,
      meterId: meter?.id,
      meterSlug: meter?.slug,
      filters: Object.keys(filters).length === 0 ? undefined : filters,
      unitCost: unitCost?.accepted,
      createdAt: facts.now,
      updatedAt: facts.now,
    },
  };
}

function filtersOf({ equals, filters }: FeatureDraft): Readonly<Record<string, DimensionFilter>> {
  if (saysAnything(filters)) return filters;
  return Object.fromEntries(Object.entries(equals ?? {}).map(([key, value]) => [key, { $eq: value }]));
}

// An empty one must not drop a shorthand that stands beside it: the feature would count all of the meter's usage.
const saysAnything = (filters: FeatureDraft['filters']): filters is NonNullable<FeatureDraft['filters']> =>
  filters !== undefined && Object.keys(filters).length > 0;

function refuseFilters(
  draft: FeatureDraft,
  filters: Readonly<Record<string, DimensionFilter>>,
  meter: FeatureMeter | undefined,
): Refusal | undefined {
  const name = saysAnything(draft.filters) ? 'advancedMeterGroupByFilters' : 'meterGroupByFilters';
  const keys = Object.keys(filters);
  if (keys.length > filtersMax) {
    const message = `must not have more than ${filtersMax} dimensions`;
    return refusal.invalidField(`$.${name}`, 'feature_filters_many', message);
  }
  for (const key of keys) {
    const read = readStringFilter(filters[key] ?? {}, `$.${name}['${key}']`);
    if (read.refused !== undefined) return read.refused;
  }
  // Without a meter the filters are stored as they are and have no effect.
  const unknown =
    meter === undefined ? undefined : keys.find((key) => !meter.groupBy.some((group) => group.key === key));
  return unknown === undefined
    ? undefined
    : refusal.invalidField(
        `$.${name}['${unknown}']`,
        'feature_filter_unknown_dimension',
        `the meter has no group by key ${JSON.stringify(unknown)}`,
      );
}

/** The shorthand form of the filters; undefined when some filter says more than "equals". */
export function equalsOf(filters: NonNullable<Feature['filters']>): Record<string, string> | undefined {
  const equals: [string, string][] = [];
  for (const [key, filter] of Object.entries(filters)) {
    const operators = Object.entries(filter).filter(([, value]) => value !== null);
    const [operator, value] = operators[0] ?? [];
    if (operators.length !== 1 || operator !== '$eq' || typeof value !== 'string') return undefined;
    equals.push([key, value]);
  }
  return Object.fromEntries(equals);
}

export function decideArchiveFeature(
  feature: Feature | undefined,
  facts: { readonly idOrKey: string; readonly now: Instant; readonly inUse: Refusal | undefined },
): Decision<Feature> {
  if (feature === undefined || feature.archivedAt !== undefined) {
    return { refused: featureNotFound(facts.idOrKey) };
  }
  if (facts.inUse !== undefined) return { refused: facts.inUse };
  return { accepted: { ...feature, archivedAt: facts.now, updatedAt: facts.now } };
}
