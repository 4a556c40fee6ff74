import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  closeUsageRecord,
  decodeUsageRecord,
  encodeUsageRecord,
  encodeUsageTuples,
  MalformedUsageRecord,
} from './usage-record.js';
import { usageFingerprint, usagePartition } from './usage-identity.js';

const name = fc.string({ minLength: 1, unit: 'grapheme' });
const anEvent = fc.record({
  namespace: name,
  ingestedAtMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  id: name,
  source: name,
  type: name,
  subject: name,
  timeSeconds: fc.integer({ min: -2_208_988_800, max: 10_413_791_999 }),
  data: fc.option(fc.json({ stringUnit: 'grapheme' })),
  dataSent: fc.option(fc.string({ unit: 'grapheme' })),
});

describe('the usage record', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.array(anEvent, { minLength: 1, maxLength: 5 }), (events) => {
        expect(decodeUsageRecord(encodeUsageRecord(events))).toEqual(events);
      }),
    );
  });

  it('joins tuples that were encoded apart', () => {
    const tuple = (id: string) => ['ns', 1, id, 's', 't', 'u', 2, '{}', null] as const;
    const value = closeUsageRecord([
      encodeUsageTuples([tuple('a'), tuple('b')]),
      encodeUsageTuples([tuple('c')]),
    ]);
    expect(decodeUsageRecord(value).map((event) => event.id)).toEqual(['a', 'b', 'c']);
  });

  it('is not made without an event', () => {
    expect(() => encodeUsageRecord([])).toThrow('at least one event');
  });

  const good = ['ns', 1, 'id', 's', 't', 'u', 2, null, null];
  const put = (at: number, value: unknown) => JSON.stringify([1, good.with(at, value as never)]);
  it.each([
    ['', 'the record is empty'],
    ['nonsense', 'the record is not valid JSON'],
    ['{}', 'the record is not an array'],
    ['[]', 'unknown record version nothing; this reader knows 1'],
    ['[2]', 'unknown record version 2; this reader knows 1'],
    ['["1"]', 'unknown record version "1"; this reader knows 1'],
    ['[1]', 'the record holds no event'],
    ['[1,null]', 'event 0 is not an array of 9'],
    [JSON.stringify([1, good, good.slice(1)]), 'event 1 is not an array of 9'],
    [put(0, ''), 'event 0: namespace is not a non-empty string'],
    [put(1, 1.5), 'event 0: ingestedAtMs is not an integer'],
    [put(2, null), 'event 0: id is not a non-empty string'],
    [put(3, 7), 'event 0: source is not a non-empty string'],
    [put(4, {}), 'event 0: type is not a non-empty string'],
    [put(5, ''), 'event 0: subject is not a non-empty string'],
    [put(6, '2'), 'event 0: timeSeconds is not an integer'],
    [put(7, {}), 'event 0: data is neither text nor null'],
    [put(8, 1), 'event 0: dataSent is neither text nor null'],
  ])('refuses %s', (text, reason) => {
    expect(() => decodeUsageRecord(Buffer.from(text))).toThrow(reason);
  });

  it('refuses a record without a value and bytes that are not UTF-8', () => {
    expect(() => decodeUsageRecord(null)).toThrow('the record is empty');
    expect(() => decodeUsageRecord(Buffer.from([0x5b, 0xff, 0x5d]))).toThrow('not valid UTF-8');
  });

  it('throws nothing but its own error on arbitrary bytes and arbitrary JSON', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new Uint8Array(Buffer.from(text))),
      fc.array(fc.jsonValue()).map((items) => new Uint8Array(Buffer.from(JSON.stringify([1, ...items])))),
    );
    fc.assert(
      fc.property(bytes, (value) => {
        try {
          decodeUsageRecord(value);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedUsageRecord);
        }
      }),
    );
  });
});

describe('the identity of an event', () => {
  it('keeps neighbours apart that only shift a letter between namespace, source and id', () => {
    const prints = [
      ['a', 'bc', 'd'],
      ['ab', 'c', 'd'],
      ['a', 'b', 'cd'],
      ['a', 'bcd', ''],
    ].map(([ns, source, id]) => usageFingerprint(ns!, source!, id!));
    expect(new Set(prints).size).toBe(4);
  });

  it('spreads ids over the partitions evenly', () => {
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 40_000; n += 1) counts[usagePartition('default', 'svc', `event-${n}`, 4)]! += 1;
    // Four standard deviations of a fair draw are 350.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(350);
  });
});
