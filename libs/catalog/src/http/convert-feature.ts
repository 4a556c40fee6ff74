import type { components, OpRequest } from '@ledgerline/contract';
import { type Decimal, toNumeric, toRfc3339 } from '@ledgerline/kernel';
import { equalsOf, type FeatureDraft } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import type { LlmPricing } from '../core/llm-pricing.js';
import { costCurrency } from '../core/price-book.js';
import type { CostRow } from '../core/rate-feature-cost.js';
import { type UnitCost, type UnitCostJson, unitCostToJson } from '../core/unit-cost.js';
import type { FeatureCost } from '../use-cases/query-feature-cost.js';

type Schemas = components['schemas'];

export const featureFromApi = (body: Schemas['FeatureCreateInputs']): FeatureDraft => ({
  key: body.key,
  name: body.name,
  metadata: body.metadata,
  meterSlug: body.meterSlug,
  equals: body.meterGroupByFilters,
  filters: body.advancedMeterGroupByFilters,
  // The generated type leaves the tag of the union out; the schema demands it.
  unitCost: body.unitCost as UnitCostJson | undefined,
});

export function featureToApi(feature: Feature, pricing?: LlmPricing): Schemas['Feature'] {
  const { filters, unitCost } = feature;
  const equals = filters === undefined ? undefined : equalsOf(filters);
  return {
    id: feature.id,
    key: feature.key,
    name: feature.name,
    ...(feature.metadata === undefined ? {} : { metadata: feature.metadata }),
    ...(feature.meterSlug === undefined ? {} : { meterSlug: feature.meterSlug }),
    ...(filters === undefined
      ? {}
      : {
          advancedMeterGroupByFilters: filters as Schemas['Feature']['advancedMeterGroupByFilters'] & object,
        }),
    ...(equals === undefined ? {} : { meterGroupByFilters: equals }),
    ...(unitCost === undefined ? {} : { unitCost: unitCostToApi(unitCost, pricing) }),
    createdAt: toRfc3339(feature.createdAt),
    updatedAt: toRfc3339(feature.updatedAt),
    ...(feature.archivedAt === undefined ? {} : { archivedAt: toRfc3339(feature.archivedAt) }),
  };
}

const unitCostToApi = (cost: UnitCost, pricing: LlmPricing | undefined): UnitCostJson => {
  const json = unitCostToJson(cost);
  return json.type === 'manual' || pricing === undefined ? json : { ...json, pricing: pricingToApi(pricing) };
};

const pricingToApi = (pricing: LlmPricing): Schemas['FeatureLLMUnitCostPricing'] => ({
  inputPerToken: toNumeric(pricing.input),
  outputPerToken: toNumeric(pricing.output),
  ...optional('cacheReadPerToken', pricing.cache_read),
  ...optional('cacheWritePerToken', pricing.cache_write),
  ...optional('reasoningPerToken', pricing.reasoning),
});

const optional = <Name extends string>(
  name: Name,
  value: Decimal | undefined,
): Partial<Record<Name, string>> =>
  value === undefined ? {} : ({ [name]: toNumeric(value) } as Record<Name, string>);

type FeatureQuery = OpRequest<'listFeatures'>['query'];

/** Without page and pageSize the list is a bare array, cut by limit and offset. */
export function featureListFromApi(query: FeatureQuery) {
  const isPaged = query.page !== undefined || query.pageSize !== undefined;
  const { page = 1, pageSize = 100 } = query;
  return {
    paging: isPaged ? { page, pageSize } : undefined,
    query: {
      meterSlugs: query.meterSlug,
      includeArchived: query.includeArchived,
      orderBy: query.orderBy ?? 'key',
      descending: query.order === 'DESC',
      ...(isPaged
        ? { limit: pageSize, offset: (page - 1) * pageSize }
        : { limit: query.limit, offset: query.offset }),
    },
  } as const;
}

export const featureCostToApi = ({ query, rows }: FeatureCost): Schemas['FeatureCostQueryResult'] => ({
  ...(query.from === undefined ? {} : { from: toRfc3339(query.from) }),
  ...(query.to === undefined ? {} : { to: toRfc3339(query.to) }),
  ...(query.window === undefined ? {} : { windowSize: query.window.size }),
  currency: costCurrency,
  data: rows.map(costRowToApi),
});

const costRowToApi = (row: CostRow): Schemas['FeatureCostQueryRow'] => ({
  usage: toNumeric(row.usage),
  cost: row.cost === undefined ? null : toNumeric(row.cost),
  currency: costCurrency,
  ...(row.detail === undefined ? {} : { detail: row.detail }),
  windowStart: toRfc3339(row.windowStart),
  windowEnd: toRfc3339(row.windowEnd),
  ...(row.subject === undefined ? {} : { subject: row.subject }),
  ...(row.customerId === undefined ? {} : { customerId: row.customerId }),
  groupBy: { ...row.groupBy },
});
