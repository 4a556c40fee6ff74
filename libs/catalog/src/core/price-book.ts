import { type Decimal, floorToSecond, type Instant, isAtOrBefore, isBefore } from '@ledgerline/kernel';

export const tokenTypes = ['input', 'output', 'cache_read', 'cache_write', 'reasoning'] as const;
export type TokenType = (typeof tokenTypes)[number];

/** What a price is for. */
export interface PriceKey {
  readonly provider: string;
  readonly model: string;
  /** A `TokenType` in the book; whatever the events say in a question. */
  readonly tokenType: string;
}

/**
 * One statement of what a token costs from an instant on, until the next one. What an entry says never changes: a mistake
 * is corrected by another entry, and both stay.
 */
export interface PriceBookEntry extends PriceKey {
  readonly id: string;
  readonly namespace: string;
  readonly tokenType: TokenType;
  /** undefined: the entry withdraws the one it corrects and says nothing itself. */
  readonly pricePerToken: Decimal | undefined;
  readonly currency: string;
  readonly validFrom: Instant;
  readonly recordedAt: Instant;
  readonly recordedBy: string;
  readonly reason: string | undefined;
  /** The entry in whose place this one stands. */
  readonly corrects: string | undefined;
  readonly superseded: { readonly by: string; readonly at: Instant } | undefined;
}

/** The contract knows costs in US dollars only. */
export const costCurrency = 'USD';

export interface PriceStep {
  readonly validFrom: Instant;
  readonly pricePerToken: Decimal;
}

/** Prices of one key, ascending. */
export type Timeline = readonly PriceStep[];

export const normalWord = (text: string): string => text.trim().toLowerCase();

// Names under which resellers and routers report a maker's models.
const providerAliases: Readonly<Record<string, string>> = {
  azure: 'openai',
  azure_ai: 'openai',
  vertex_ai: 'google',
  gemini: 'google',
  aws: 'amazon',
  bedrock: 'amazon',
  facebook: 'meta',
  mistralai: 'mistral',
};

/**
 * The keys under which a price is looked for, best first: as the events say, without the model's date, and both again
 * with the maker in the reseller's place. A price that the book has for the very words always wins.
 */
export function candidatesOf(key: PriceKey): readonly PriceKey[] {
  const provider = normalWord(key.provider);
  const model = normalWord(key.model);
  const tokenType = normalWord(key.tokenType);
  const undated = model.replace(/-\d{8}$/, '');
  const maker = Object.hasOwn(providerAliases, provider) ? providerAliases[provider] : undefined;
  return [provider, ...(maker === undefined ? [] : [maker])].flatMap((name) =>
    [...new Set([model, undated])].map((of) => ({ provider: name, model: of, tokenType })),
  );
}

/** The price in force; undefined when there is none yet. */
export function priceAt(timeline: Timeline, at: Instant): Decimal | undefined {
  let price: Decimal | undefined;
  for (const step of timeline) {
    if (!isAtOrBefore(step.validFrom, at)) break;
    price = step.pricePerToken;
  }
  return price;
}

/** The prices of several keys as those of one: at each instant the first key that has one. */
export function joinTimelines(timelines: readonly Timeline[]): Timeline {
  const starts = timelines.flat().map(({ validFrom }) => validFrom);
  starts.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  const joined: PriceStep[] = [];
  for (const validFrom of starts) {
    const found = timelines
      .map((timeline) => priceAt(timeline, validFrom))
      .find((price) => price !== undefined);
    // A step to the same price is no change: nothing needs to be told apart there.
    if (found === undefined || joined.at(-1)?.pricePerToken.equals(found) === true) continue;
    joined.push({ validFrom, pricePerToken: found });
  }
  return joined;
}

/** The instants within a span at which the price changes; usage is timed in whole seconds. */
export function changesWithin(
  timeline: Timeline,
  span: { readonly from: Instant; readonly to: Instant },
): readonly Instant[] {
  const from = floorToSecond(span.from);
  const to = floorToSecond(span.to);
  return timeline.map(({ validFrom }) => validFrom).filter((at) => isBefore(from, at) && isBefore(at, to));
}
