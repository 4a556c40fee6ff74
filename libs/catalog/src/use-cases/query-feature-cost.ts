import { type Decimal, type Instant, refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import {
  type GroupedUsage,
  type MeterQueryInput,
  QUERY_USAGE_BY_GROUP,
  type QueryUsageByGroup,
  TRACK_PROGRESS,
  type TrackProgress,
} from '@ledgerline/metering';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import { featureNotFound } from '../core/decide-feature.js';
import type { Feature } from '../core/feature.js';
import type { FeatureStore, PriceBookStore } from '../core/ports.js';
import type { PriceKey } from '../core/price-book.js';
import {
  type CostRow,
  cutsNeeded,
  priceKeyOf,
  rateLlmCost,
  rateManualCost,
} from '../core/rate-feature-cost.js';
import { type LlmUnitCost, propertiesOf } from '../core/unit-cost.js';
import { FEATURES, PRICE_BOOK } from '../tokens.js';

export interface FeatureCost {
  readonly query: GroupedUsage['query'];
  readonly rows: readonly CostRow[];
}

type Ask = (cuts: readonly Instant[]) => Promise<GroupedUsage>;

// Once to learn whose prices are needed, once with the cuts; more only where models or prices appear meanwhile.
const asksMax = 5;
/** More models and token types than any price book has: then the property is not what it was taken for. */
const keysMax = 2_000;

/** What the usage of a feature costs us. */
export class QueryFeatureCost {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(FEATURES) private readonly features: FeatureStore,
    @Inject(PRICE_BOOK) private readonly prices: PriceBookStore,
    @Inject(QUERY_USAGE_BY_GROUP) private readonly usage: QueryUsageByGroup,
    @Inject(TRACK_PROGRESS) private readonly progress: TrackProgress,
  ) {}

  /**
   * Of an archived feature too, by its id: what was used has still cost something. With a `clientId` the progress can be
   * asked for meanwhile.
   */
  async run(
    namespace: string,
    idOrKey: string,
    input: MeterQueryInput,
    clientId?: string,
  ): Promise<FeatureCost> {
    const feature = await this.features.find(this.unitOfWork.reader(namespace), idOrKey);
    if (feature === undefined) throw new Refused(featureNotFound(idOrKey));
    const { meterId, unitCost } = feature;
    if (meterId === undefined) throw new Refused(refusal.invalid(`the feature ${feature.key} has no meter`));
    if (unitCost === undefined)
      throw new Refused(refusal.invalid(`the feature ${feature.key} has no unit cost`));
    return this.progress.run(namespace, clientId, (watched) => {
      const question = { namespace, meterId, input, filters: feature.filters ?? {}, watched };
      const ask: Ask = (cuts) => this.usage.run({ ...question, partBy: propertiesOf(unitCost), cuts });
      return unitCost.type === 'llm'
        ? this.costOfTokens(feature, unitCost, ask)
        : costOfUnits(unitCost.amount, ask);
    });
  }

  /** Usage is asked for until each part of it lies between two price changes. */
  private async costOfTokens(feature: Feature, cost: LlmUnitCost, ask: Ask): Promise<FeatureCost> {
    const db = this.unitOfWork.reader(feature.namespace);
    const cuts = new Map<bigint, Instant>();
    for (let asked = 0; asked < asksMax; asked += 1) {
      const { query, parts } = await ask([...cuts.values()]);
      const timelineOf = await this.prices.timelines(db, keysOf(cost, parts));
      const known = cuts.size;
      for (const part of parts) {
        const timeline = timelineOf(priceKeyOf(cost, part.by));
        for (const cut of cutsNeeded(part, timeline)) cuts.set(cut.epochNanoseconds, cut);
      }
      if (cuts.size === known) {
        return {
          query,
          rows: rateLlmCost({ parts, windowed: query.window !== undefined }, cost, timelineOf),
        };
      }
    }
    const message = 'prices kept changing while the cost was calculated';
    throw new Refused(refusal.unavailable(message, { retryAfterSeconds: 1 }));
  }
}

async function costOfUnits(amount: Decimal, ask: Ask): Promise<FeatureCost> {
  const { query, parts } = await ask([]);
  return { query, rows: rateManualCost({ parts, windowed: query.window !== undefined }, amount) };
}

function keysOf(cost: LlmUnitCost, parts: GroupedUsage['parts']): readonly PriceKey[] {
  const keys = parts.map(({ by }) => priceKeyOf(cost, by));
  const distinct = new Map(keys.map((key) => [JSON.stringify(key), key]));
  if (distinct.size > keysMax) {
    const message = `usage names more than ${keysMax} combinations of provider, model and token type: narrow it down by filters`;
    throw new Refused(refusal.invalid(message));
  }
  return [...distinct.values()];
}
