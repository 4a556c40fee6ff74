import { describe, expect, it } from '@jest/globals';
import { decimal, type Decision, instant, toNumeric } from '@ledgerline/kernel';
import { decideCorrectPrice, decideRecordPrice, type PriceDraft } from './decide-price.js';
import { candidatesOf, joinTimelines, type PriceBookEntry, type PriceStep } from './price-book.js';

const step = (at: string, price: string): PriceStep => ({
  validFrom: instant(`${at}T00:00:00Z`),
  pricePerToken: decimal(price),
});
const facts = {
  namespace: 'default',
  id: 'new',
  now: instant('2025-06-15T12:00:00.750Z'),
  actor: 'ada',
  entryId: 'old',
};
const draft: PriceDraft = {
  provider: ' Acme ',
  model: 'Large',
  tokenType: 'input',
  pricePerToken: '0.000002',
};
const issueOf = (decision: Decision<unknown>): unknown =>
  decision.refused?.issues?.[0]?.field ?? decision.refused?.kind;
const accepted = <T>(decision: Decision<T>): T => {
  if (decision.refused !== undefined) throw new Error(decision.refused.detail);
  return decision.accepted;
};

describe('which price is meant', () => {
  it('is that of the very words first, then without the date, then of the maker', () => {
    const key = { provider: 'Azure', model: ' GPT-x-20250101', tokenType: 'INPUT' };
    expect(
      candidatesOf(key).map(({ provider, model, tokenType }) => `${provider}/${model}/${tokenType}`),
    ).toEqual([
      'azure/gpt-x-20250101/input',
      'azure/gpt-x/input',
      'openai/gpt-x-20250101/input',
      'openai/gpt-x/input',
    ]);
    expect(candidatesOf({ provider: 'constructor', model: 'm', tokenType: 't' })).toHaveLength(1);
  });

  it('at each instant is that of the first key that has one', () => {
    const exact = [step('2025-03-01', '5')];
    const maker = [step('2025-01-01', '1'), step('2025-02-01', '2'), step('2025-04-01', '3')];
    expect(joinTimelines([exact, maker])).toEqual([
      step('2025-01-01', '1'),
      step('2025-02-01', '2'),
      step('2025-03-01', '5'),
    ]);
  });

  it('does not change where the number stays the same', () => {
    expect(joinTimelines([[step('2025-01-01', '1'), step('2025-02-01', '1.0')]])).toHaveLength(1);
  });
});

describe('recording a price', () => {
  it('holds from now on when nothing else is said, by who said it', () => {
    expect(accepted(decideRecordPrice(draft, facts))).toMatchObject({
      provider: 'acme',
      model: 'large',
      currency: 'USD',
      validFrom: instant('2025-06-15T12:00:00Z'),
      recordedBy: 'ada',
      corrects: undefined,
    });
  });

  it.each<[string, Partial<PriceDraft>, string]>([
    ['a blank provider', { provider: '  ' }, '$.provider'],
    ['a model too long', { model: 'm'.repeat(257) }, '$.model'],
    ['a negative price', { pricePerToken: '-1' }, '$.pricePerToken'],
    ['no number', { pricePerToken: '1e-6' }, '$.pricePerToken'],
    ['too many decimals', { pricePerToken: `0.${'0'.repeat(18)}1` }, '$.pricePerToken'],
    ['too large a price', { pricePerToken: '1000000000000' }, '$.pricePerToken'],
    ['half a second', { validFrom: instant('2025-06-15T12:00:00.5Z') }, '$.validFrom'],
    ['a year that is none', { validFrom: instant('0000-01-01T00:00:00Z') }, '$.validFrom'],
  ])('refuses %s by name', (_what, rest, field) => {
    expect(issueOf(decideRecordPrice({ ...draft, ...rest }, facts))).toBe(field);
  });
});

describe('correcting a price', () => {
  const entry: PriceBookEntry = { ...accepted(decideRecordPrice(draft, facts)), id: 'old' };
  const reason = 'a slip of the pen';

  it('keeps what is not named', () => {
    const corrected = accepted(
      decideCorrectPrice(entry, { reason, pricePerToken: '3', withdraw: false }, facts),
    );
    expect(corrected).toMatchObject({ id: 'new', corrects: 'old', reason, validFrom: entry.validFrom });
    expect(toNumeric(corrected.pricePerToken!)).toBe('3');
  });

  it('can withdraw, which says no price', () => {
    const withdrawn = accepted(decideCorrectPrice(entry, { reason, withdraw: true }, facts));
    expect([withdrawn.pricePerToken, withdrawn.corrects]).toEqual([undefined, 'old']);
    expect(
      issueOf(decideCorrectPrice(withdrawn, { reason, pricePerToken: '1', withdraw: false }, facts)),
    ).toBe('conflict');
  });

  it('happens to an entry once, for a reason, and changes something', () => {
    const done = { ...entry, superseded: { by: 'other', at: entry.recordedAt } };
    expect(issueOf(decideCorrectPrice(done, { reason, withdraw: true }, facts))).toBe('conflict');
    expect(issueOf(decideCorrectPrice(undefined, { reason, withdraw: true }, facts))).toBe('not-found');
    expect(issueOf(decideCorrectPrice(entry, { reason: ' ', withdraw: true }, facts))).toBe('$.reason');
    expect(issueOf(decideCorrectPrice(entry, { reason, withdraw: false }, facts))).toBe('$');
    const both = { reason, withdraw: true, pricePerToken: '1' };
    expect(issueOf(decideCorrectPrice(entry, both, facts))).toBe('$.withdraw');
  });
});
