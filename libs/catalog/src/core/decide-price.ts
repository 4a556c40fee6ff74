import {
  type Decision,
  floorToSecond,
  type Instant,
  instant,
  isBefore,
  refusal,
  sameInstant,
  toRfc3339,
} from '@ledgerline/kernel';
import { priceWordMax, readUnitPrice } from './check-unit-cost.js';
import {
  costCurrency,
  normalWord,
  type PriceBookEntry,
  type PriceKey,
  type TokenType,
} from './price-book.js';

export interface PriceDraft {
  readonly provider: string;
  readonly model: string;
  readonly tokenType: TokenType;
  readonly pricePerToken: string;
  readonly validFrom?: Instant | undefined;
  readonly reason?: string | undefined;
}

/** Exactly what is wrong about an entry; what is not named stays as it was. */
export interface PriceCorrection {
  readonly reason: string;
  readonly pricePerToken?: string | undefined;
  readonly validFrom?: Instant | undefined;
  /** The entry should never have been there. */
  readonly withdraw: boolean;
}

export interface PriceFacts {
  readonly namespace: string;
  readonly id: string;
  readonly now: Instant;
  readonly actor: string;
}

const earliest = instant('1900-01-01T00:00:00Z');
const latest = instant('3000-01-01T00:00:00Z');

export const priceTaken = (key: PriceKey, validFrom: Instant) =>
  refusal.conflict(
    `the book has a price of ${describeKey(key)} from ${toRfc3339(validFrom)} on; correct that entry instead`,
  );

export const describeKey = ({ provider, model, tokenType }: PriceKey): string =>
  `provider ${quoted(provider)}, model ${quoted(model)}, token type ${quoted(tokenType)}`;

// Words come from events, where they may be as long as an event.
const quoted = (word: string): string => JSON.stringify(word.slice(0, priceWordMax));

export function decideRecordPrice(draft: PriceDraft, facts: PriceFacts): Decision<PriceBookEntry> {
  const provider = normalWord(draft.provider);
  const model = normalWord(draft.model);
  for (const [field, word] of [
    ['$.provider', provider],
    ['$.model', model],
  ] as const) {
    if (word === '' || word.length > priceWordMax) {
      const message = `must have 1 to ${priceWordMax} characters`;
      return { refused: refusal.invalidField(field, 'price_book_text', message) };
    }
  }
  const price = readUnitPrice(draft.pricePerToken, '$.pricePerToken');
  if (price.refused !== undefined) return price;
  const validFrom = readValidFrom(draft.validFrom ?? floorToSecond(facts.now));
  if (validFrom.refused !== undefined) return validFrom;
  return {
    accepted: {
      id: facts.id,
      namespace: facts.namespace,
      provider,
      model,
      tokenType: draft.tokenType,
      pricePerToken: price.accepted,
      currency: costCurrency,
      validFrom: validFrom.accepted,
      recordedAt: facts.now,
      recordedBy: facts.actor,
      reason: draft.reason,
      corrects: undefined,
      superseded: undefined,
    },
  };
}

/** The entry that takes the other's place. */
export function decideCorrectPrice(
  entry: PriceBookEntry | undefined,
  correction: PriceCorrection,
  facts: PriceFacts & { readonly entryId: string },
): Decision<PriceBookEntry> {
  if (entry === undefined)
    return { refused: refusal.notFound(`price book entry not found: ${facts.entryId}`) };
  if (entry.superseded !== undefined) {
    return { refused: refusal.conflict(`the entry was corrected already, by ${entry.superseded.by}`) };
  }
  if (entry.pricePerToken === undefined) {
    return {
      refused: refusal.conflict('the entry withdraws a price and says nothing that could be corrected'),
    };
  }
  if (correction.reason.trim() === '') {
    return { refused: refusal.invalidField('$.reason', 'price_book_reason', 'must say why') };
  }
  const { withdraw } = correction;
  const says = correction.pricePerToken !== undefined || correction.validFrom !== undefined;
  if (withdraw && says) {
    const message = 'cannot be given together with pricePerToken or validFrom';
    return { refused: refusal.invalidField('$.withdraw', 'price_book_withdraw', message) };
  }
  const read =
    correction.pricePerToken === undefined
      ? { accepted: entry.pricePerToken }
      : readUnitPrice(correction.pricePerToken, '$.pricePerToken');
  if (read.refused !== undefined) return read;
  const validFrom = readValidFrom(correction.validFrom ?? entry.validFrom);
  if (validFrom.refused !== undefined) return validFrom;
  if (
    !withdraw &&
    read.accepted.equals(entry.pricePerToken) &&
    sameInstant(validFrom.accepted, entry.validFrom)
  ) {
    return { refused: refusal.invalidField('$', 'price_book_unchanged', 'the correction changes nothing') };
  }
  return {
    accepted: {
      ...entry,
      id: facts.id,
      pricePerToken: withdraw ? undefined : read.accepted,
      validFrom: validFrom.accepted,
      recordedAt: facts.now,
      recordedBy: facts.actor,
      reason: correction.reason,
      corrects: entry.id,
      superseded: undefined,
    },
  };
}

function readValidFrom(at: Instant): Decision<Instant> {
  const refuse = (message: string) => ({
    refused: refusal.invalidField('$.validFrom', 'price_book_valid_from', message),
  });
  // Usage is timed in whole seconds, so a change within one could not be told apart.
  if (!sameInstant(at, floorToSecond(at))) return refuse('must be a whole second');
  if (isBefore(at, earliest) || isBefore(latest, at)) return refuse('must lie between 1900 and 3000');
  return { accepted: at };
}
