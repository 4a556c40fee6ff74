import { describe, expect, it } from '@jest/globals';
import { acceptedOrThrow, instant } from '@ledgerline/kernel';
import {
  decideCreateMeter,
  decideDeclaredMeter,
  decideDeleteMeter,
  decideUpdateMeter,
  type MeterDraft,
} from './decide-meter.js';
import type { Meter } from './meter.js';

const now = instant('2025-01-01T00:00:00Z');
const draft: MeterDraft = {
  slug: 'tokens',
  aggregation: 'SUM',
  eventType: 'prompt',
  valueProperty: '$.tokens',
};
const create = (change: Partial<MeterDraft> = {}, slugTaken = false) =>
  decideCreateMeter({ ...draft, ...change }, { namespace: 'n', id: 'id', now, slugTaken });
function meter(change: Partial<MeterDraft> = {}): Meter {
  return acceptedOrThrow(create(change));
}

describe('a new meter', () => {
  it('is called by its slug when it has no name', () => {
    expect(meter()).toMatchObject({ name: 'tokens', version: 1, groupBy: [] });
  });

  it.each<[Partial<MeterDraft>, string]>([
    [{ description: '' }, '$.description'],
    [{ eventType: ' ' }, '$.eventType'],
    [{ eventType: 'x'.repeat(300) }, '$.eventType'],
    [{ aggregation: 'COUNT' }, '$.valueProperty'],
    [{ valueProperty: undefined }, '$.valueProperty'],
    [{ valueProperty: 'tokens' }, '$.valueProperty'],
    [{ valueProperty: '$.*' }, '$.valueProperty'],
    [{ groupBy: { '1a': '$.a' } }, '$.groupBy["1a"]'],
    [{ groupBy: { customer_id: '$.a' } }, '$.groupBy["customer_id"]'],
    [{ groupBy: { a: '$.tokens' } }, '$.groupBy["a"]'],
    [{ groupBy: { a: '$[?(@.b)]' } }, '$.groupBy["a"]'],
    [{ groupBy: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, '$.a'])) }, '$.groupBy'],
  ])('is refused for %j', (change, field) => {
    const { refused } = create(change);
    expect(refused?.kind).toBe('invalid');
    expect(refused?.issues?.[0]?.field).toBe(field);
  });

  it('is a conflict when its slug is taken', () => {
    expect(create({}, true).refused).toEqual({
      kind: 'conflict',
      detail: 'meter with the same slug already exists',
    });
  });
});

describe('a changed meter', () => {
  const update = (groupBy: Record<string, string> | undefined, inUse: string[] = []) =>
    decideUpdateMeter(
      { groupBy },
      { meter: meter({ groupBy: { a: '$.a', b: '$.b' } }), now, groupByKeysInUse: inUse },
    );

  it.each<[Record<string, string> | undefined, boolean]>([
    [{ a: '$.a', b: '$.b' }, false],
    [{ b: '$.b', a: '$.a' }, false],
    [{ a: '$.a' }, true],
    [{ a: '$.a', b: '$.c' }, true],
    [undefined, true],
  ])('with groups %j has a new version: %s', (groupBy, newVersion) => {
    expect(acceptedOrThrow(update(groupBy))).toMatchObject({
      newVersion,
      meter: { version: newVersion ? 2 : 1 },
    });
  });

  it('keeps the keys that features name', () => {
    expect(update({ b: '$.b' }, ['a']).refused?.kind).toBe('conflict');
    expect(update({ a: '$.other' }, ['a']).refused).toBeUndefined();
  });

  it('is not changed once deleted', () => {
    const deleted = { ...meter(), deletedAt: now };
    expect(decideUpdateMeter({}, { meter: deleted, now, groupByKeysInUse: [] }).refused?.kind).toBe(
      'not-found',
    );
    expect(decideDeleteMeter(deleted, { activeFeatures: 1, entitlements: 0 }, now)).toEqual({
      accepted: undefined,
    });
  });
});

describe('a declared meter', () => {
  it.each<[Partial<MeterDraft>, string]>([
    [{}, 'keep'],
    [{ groupBy: { a: '$.a' } }, 'update'],
    [{ description: 'new' }, 'update'],
  ])('with %j means %s', (change, verb) => {
    expect(acceptedOrThrow(decideDeclaredMeter({ ...draft, ...change }, meter())).verb).toBe(verb);
  });

  it('is created when it is not there', () => {
    expect(acceptedOrThrow(decideDeclaredMeter(draft, undefined)).verb).toBe('create');
  });

  it.each<[Partial<MeterDraft>, string]>([
    [{ eventType: 'other' }, 'eventType'],
    [{ aggregation: 'MAX' }, 'aggregation'],
    [{ valueProperty: '$.other' }, 'valueProperty'],
  ])('cannot change %j', (change, field) => {
    const { refused } = decideDeclaredMeter({ ...draft, ...change }, meter());
    expect(refused?.detail).toContain(`tokens: ${field}`);
  });
});
