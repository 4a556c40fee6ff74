import type { Clock, UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject } from '@nestjs/common';
import type { Feature } from '../core/feature.js';
import { type LlmPricing, modelOf, pricingAt } from '../core/llm-pricing.js';
import type { PriceBookStore } from '../core/ports.js';
import { PRICE_BOOK } from '../tokens.js';

/** What the tokens of features cost now, where a feature counts those of one model. */
export class ResolvePricing {
  constructor(
    @Inject(UNIT_OF_WORK) private readonly unitOfWork: UnitOfWork,
    @Inject(PRICE_BOOK) private readonly prices: PriceBookStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(namespace: string, features: readonly Feature[]): Promise<ReadonlyMap<string, LlmPricing>> {
    const models = features.flatMap((feature) => {
      const model = modelOf(feature);
      return model === undefined ? [] : [{ id: feature.id, model }];
    });
    // Any token type will do: the book answers by model.
    const keys = models.map(({ model }) => ({ ...model, tokenType: 'input' }));
    const timelineOf = await this.prices.timelines(this.unitOfWork.reader(namespace), keys);
    const now = this.clock.now();
    return new Map(
      models.flatMap(({ id, model }) => {
        const pricing = pricingAt(model, timelineOf, now);
        return pricing === undefined ? [] : [[id, pricing] as const];
      }),
    );
  }
}
