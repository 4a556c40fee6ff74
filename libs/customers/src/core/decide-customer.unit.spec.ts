import { describe, expect, it } from '@jest/globals';
import { instant, refusal } from '@ledgerline/kernel';
import { attributedSubjects, type Customer } from './customer.js';
import {
  type Claim,
  type CustomerDraft,
  decideCreateCustomer,
  decideDeleteCustomer,
  decideUpdateCustomer,
  subjectKeysMax,
} from './decide-customer.js';

const now = instant('2025-06-15T12:00:00Z');
const facts = { namespace: 'default', now, claims: [] as readonly Claim[], subjectIds: new Set<string>() };
const draft = (more: Partial<CustomerDraft> = {}): CustomerDraft => ({ name: 'Acme', key: 'acme', ...more });
const customer: Customer = {
  id: 'c1',
  namespace: 'default',
  key: 'acme',
  name: 'Acme',
  description: 'old',
  primaryEmail: 'a@b.test',
  currency: 'EUR',
  billingAddress: { country: 'DE', city: 'Berlin' },
  metadata: { old: 'yes' },
  usageAttribution: { subjectKeys: ['s1', 's2'] },
  createdAt: instant('2025-01-01T00:00:00Z'),
  updatedAt: instant('2025-01-01T00:00:00Z'),
};

describe('subjects of a customer', () => {
  it.each([
    ['acme', ['s1', 's2'], ['acme', 's1', 's2']],
    ['s2', ['s1', 's2'], ['s2', 's1']],
    [undefined, ['s1'], ['s1']],
    ['acme', [], ['acme']],
  ])('key %s and subject keys %j are %j', (key, subjectKeys, subjects) => {
    expect(attributedSubjects({ key, usageAttribution: { subjectKeys } })).toEqual(subjects);
  });
});

describe('creating', () => {
  it.each<[string, Partial<CustomerDraft>, string]>([
    ['nothing to attribute usage by', { key: undefined }, '$.usageAttribution.subjectKeys'],
    ['no subject keys and no key', { key: undefined, subjectKeys: [] }, '$.usageAttribution.subjectKeys'],
    ['an empty subject key', { subjectKeys: ['a', ''] }, '$.usageAttribution.subjectKeys[1]'],
    ['a repeated subject key', { subjectKeys: ['a', 'b', 'a'] }, '$.usageAttribution.subjectKeys[2]'],
    ['a currency that nobody has', { currency: 'ZZZ' }, '$.currency'],
    ['a long subject key', { subjectKeys: ['x'.repeat(513)] }, '$.usageAttribution.subjectKeys[0]'],
    [
      'too many subject keys',
      { subjectKeys: Array.from({ length: subjectKeysMax + 1 }, (_, at) => `s${at}`) },
      '$.usageAttribution.subjectKeys',
    ],
  ])('refuses %s and names the field', (_what, more, field) => {
    const { refused } = decideCreateCustomer(draft(more), { ...facts, id: 'c2' });
    expect([refused?.kind, refused?.issues?.[0]?.field]).toEqual(['invalid', field]);
  });

  it.each<[Claim['kind'], string, string]>([
    ['id', 'acme', 'key "acme" is already used'],
    ['key', 'acme', 'key "acme" is already used'],
    ['subject', 'acme', 'key "acme" is already used'],
    ['subject', 's1', 'subject keys of [s1] are already associated'],
  ])('refuses what another has as %s: %s', (kind, value, text) => {
    const claims = [{ kind, value, customerId: 'c1' }];
    const { refused } = decideCreateCustomer(draft({ subjectKeys: ['s1'] }), { ...facts, id: 'c2', claims });
    expect([refused?.kind, refused?.detail]).toEqual(['conflict', expect.stringContaining(text)]);
  });

  it('refuses the id of a subject as subject key', () => {
    const subjectIds = new Set(['s2']);
    const { refused } = decideCreateCustomer(draft({ subjectKeys: ['s1', 's2'] }), {
      ...facts,
      id: 'c2',
      subjectIds,
    });
    expect([refused?.kind, refused?.issues?.[0]?.field]).toEqual([
      'invalid',
      '$.usageAttribution.subjectKeys[1]',
    ]);
  });

  it('accepts as many subject keys as a usage query takes', () => {
    const subjectKeys = Array.from({ length: subjectKeysMax }, (_, at) => `s${at}`);
    const { refused } = decideCreateCustomer(draft({ subjectKeys }), { ...facts, id: 'c2' });
    expect(refused).toBeUndefined();
  });
});

describe('updating', () => {
  const update = (more: Partial<CustomerDraft>, hasActiveSubscription = false) =>
    decideUpdateCustomer(customer, draft(more), { ...facts, hasActiveSubscription });

  it('clears what is not mentioned, keeps e-mail and currency', () => {
    const changed = update({}).refused === undefined ? update({}) : undefined;
    expect(changed).toMatchObject({
      accepted: {
        description: undefined,
        metadata: undefined,
        billingAddress: undefined,
        primaryEmail: 'a@b.test',
        currency: 'EUR',
        usageAttribution: { subjectKeys: [] },
        createdAt: customer.createdAt,
        updatedAt: now,
      },
    });
  });

  it('keeps the parts of a given address that it does not mention', () => {
    expect(update({ billingAddress: { city: 'Bonn', country: undefined } })).toMatchObject({
      accepted: { billingAddress: { country: 'DE', city: 'Bonn' } },
    });
  });

  it.each<[string, readonly string[] | undefined, boolean]>([
    ['the same', ['s1', 's2'], true],
    ['in another order', ['s2', 's1'], false],
    ['one less', ['s1'], false],
    ['none', [], false],
    ['not mentioned', undefined, false],
  ])('with an active subscription, subject keys %s', (_what, subjectKeys, isAccepted) => {
    const { refused } = update({ subjectKeys }, true);
    expect(refused?.kind).toBe(isAccepted ? undefined : 'invalid');
  });

  it('is too late for a deleted customer', () => {
    const deleted = { ...customer, deletedAt: now };
    const { refused } = decideUpdateCustomer(deleted, draft(), { ...facts, hasActiveSubscription: false });
    expect(refused?.kind).toBe('precondition');
  });
});

describe('deleting', () => {
  it.each([
    [[], undefined, undefined],
    [[refusal.invalid('a')], 'invalid', 'a'],
    [[refusal.invalid('a'), refusal.conflict('b')], 'conflict', 'a\nb'],
    [[refusal.invalid('a'), refusal.invalid('b')], 'invalid', 'a\nb'],
  ])('with objections %#', (objections, kind, detail) => {
    const { refused } = decideDeleteCustomer(customer, { now, objections });
    expect([refused?.kind, refused?.detail]).toEqual([kind, detail]);
  });
});
