import type { Decimal, Instant } from '@ledgerline/kernel';
import type { Feature } from './feature.js';
import { priceAt, type PriceKey, type Timeline, type TokenType, tokenTypes } from './price-book.js';
import type { Term } from './unit-cost.js';

export type LlmPricing = Readonly<Partial<Record<TokenType, Decimal>>> & {
  readonly input: Decimal;
  readonly output: Decimal;
};

/** The one model whose tokens the feature counts; undefined when there may be several. */
export function modelOf(feature: Feature): Pick<PriceKey, 'provider' | 'model'> | undefined {
  if (feature.unitCost?.type !== 'llm') return undefined;
  const provider = exactly(feature.unitCost.provider, feature);
  const model = exactly(feature.unitCost.model, feature);
  return provider === undefined || model === undefined ? undefined : { provider, model };
}

const exactly = (term: Term, { filters }: Feature): string | undefined =>
  term.kind === 'fixed' ? term.value : (filters?.[term.key]?.$eq ?? undefined);

/** Prices now; undefined unless both input and output have one, which the contract demands. */
export function pricingAt(
  model: Pick<PriceKey, 'provider' | 'model'>,
  timelineOf: (key: PriceKey) => Timeline,
  now: Instant,
): LlmPricing | undefined {
  const found = Object.fromEntries(
    tokenTypes.flatMap((tokenType) => {
      const price = priceAt(timelineOf({ ...model, tokenType }), now);
      return price === undefined ? [] : [[tokenType, price]];
    }),
  ) as Partial<Record<TokenType, Decimal>>;
  const { input, output } = found;
  return input === undefined || output === undefined ? undefined : { ...found, input, output };
}
