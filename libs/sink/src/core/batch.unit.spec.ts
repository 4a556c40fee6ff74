import { describe, expect, it } from '@jest/globals';
import { usageFingerprint, type UsageEvent } from '@ledgerline/contract';
import { type BatchHashes, SinkBatch, yearMonthOf } from './batch.js';
import { DedupeFilters } from './filters.js';

const dayMs = 86_400_000;
const windowMs = 32 * dayMs;
const noon = Date.UTC(2026, 10, 21, 12);
const hashes: BatchHashes = {
  fingerprintOf: usageFingerprint,
  fingerprintOfBytes: (bytes) => BigInt(bytes.length),
};
const event = (id: string, changes: Partial<UsageEvent> = {}): UsageEvent => ({
  namespace: 'default',
  ingestedAtMs: noon,
  id,
  source: 'svc',
  type: 'tokens',
  subject: 'customer-1',
  timeSeconds: noon / 1000,
  data: '{"n":1}',
  dataSent: null,
  ...changes,
});
const statusesOf = (batch: SinkBatch, starts: number[]): number[] => {
  const { rows } = batch.toInsert('c');
  return starts.map((start) => rows.readInt8(start));
};

function filled(fingerprints: BatchHashes = hashes) {
  const filters = new DedupeFilters(Number.MAX_SAFE_INTEGER, 6);
  const batch = new SinkBatch(fingerprints, filters);
  const starts: number[] = [];
  let offset = 0;
  return {
    batch,
    add: (...events: UsageEvent[]) => {
      for (const one of events) {
        starts.push(batch.bytes);
        batch.addRecord(0, offset, [one]);
        offset += 1;
      }
    },
    statuses: () => statusesOf(batch, starts),
  };
}

describe('a batch of the sink', () => {
  it('asks nothing about events that were never seen', () => {
    const { batch, add } = filled();
    add(event('a'), event('b'));
    expect(batch.questions(windowMs)).toBeUndefined();
    expect(batch.counts()).toMatchObject({ ok: 2, duplicate: 0, invalid: 0 });
  });

  it('keeps the first of two in one batch', () => {
    const { batch, add, statuses } = filled();
    add(event('a'), event('b'), event('a'), event('a'));
    expect(batch.questions(windowMs)?.fingerprints).toEqual([usageFingerprint('default', 'svc', 'a')]);
    batch.settle([], windowMs);
    expect(statuses()).toEqual([1, 1, 2, 2]);
    expect(batch.counts()).toMatchObject({
      ok: 2,
      duplicate: 2,
      invalid: 0,
      duplicateBy: { stored: 0, 'same-batch': 2 },
    });
  });

  it('marks what the table counted before, within the window', () => {
    const { batch, add } = filled();
    add(event('a'), event('b'));
    batch.clear();
    add(event('a'), event('b'));
    const stored = (id: string, ageMs: number) => ({
      namespace: 'default',
      source: 'svc',
      id,
      ingestedAtMs: noon - ageMs,
    });
    batch.settle([stored('a', windowMs), stored('b', windowMs + 1)], windowMs);
    expect(batch.counts()).toMatchObject({
      ok: 1,
      duplicate: 1,
      invalid: 0,
      duplicateBy: { stored: 1, 'same-batch': 0 },
    });
  });

  it('never drops an event because another one has the same fingerprint', () => {
    const { batch, add, statuses } = filled({ ...hashes, fingerprintOf: () => 5n });
    add(event('a'), event('b'), event('a'), event('b', { source: 'other' }));
    batch.settle([], windowMs);
    expect(statuses()).toEqual([1, 1, 2, 1]);
  });

  it('does not take an invalid event for the first one', () => {
    const { batch, add, statuses } = filled();
    add(event('a', { timeSeconds: 99_999_999_999 }), event('a'));
    batch.settle([], windowMs);
    expect(statuses()).toEqual([3, 1]);
    expect(batch.counts()).toMatchObject({ ok: 1, duplicate: 0, invalid: 1 });
  });

  it('covers every offset, also of records that cannot be read', () => {
    const { batch, add } = filled();
    add(event('a'));
    batch.addUnreadable(0, { offset: 1, appendedAtMs: noon, value: Buffer.from([0xff]) }, 'broken');
    batch.addUnreadable(2, { offset: 9, appendedAtMs: noon, value: null }, 'empty');
    expect([...batch.ranges]).toEqual([
      [0, { from: 0, to: 2 }],
      [2, { from: 9, to: 10 }],
    ]);
    expect(batch.counts()).toMatchObject({ ok: 1, duplicate: 0, invalid: 2 });
  });

  it('takes its month once, from the first row', () => {
    const { batch, add } = filled();
    add(event('a', { ingestedAtMs: Date.UTC(2026, 10, 30, 23, 59, 59, 999) }));
    add(event('b', { ingestedAtMs: Date.UTC(2026, 11, 1) }));
    expect(batch.toInsert('c').batchMonth).toBe(202_611);
  });

  it('takes no month from an event whose own arrival cannot be kept', () => {
    const { batch, add } = filled();
    add(event('a', { ingestedAtMs: -1 }));
    batch.noteArrival({ offset: 0, appendedAtMs: Date.UTC(2026, 9, 31), value: null });
    expect(batch.toInsert('c').batchMonth).toBe(202_610);
    add(event('b', { ingestedAtMs: Date.UTC(2026, 10, 1) }));
    expect(batch.toInsert('c').batchMonth).toBe(202_611);
  });

  it('remembers when its records came, and at most 128 traces', () => {
    const { batch } = filled();
    const traces = Array.from({ length: 16 }, (_, at) => `trace-${at}`).join(',');
    for (let at = 0; at < 10; at += 1) {
      batch.noteArrival({ offset: at, appendedAtMs: noon + at, value: null, traceparents: traces });
    }
    batch.noteArrival({ offset: 10, appendedAtMs: noon, value: null });
    expect([batch.arrivedAtMs.length, batch.traceparents.length]).toEqual([11, 128]);
    batch.clear();
    expect([batch.arrivedAtMs.length, batch.traceparents.length]).toEqual([0, 0]);
  });

  it('forgets everything when cleared', () => {
    const { batch, add } = filled();
    add(event('a'), event('a'));
    batch.clear();
    expect([batch.rows, batch.bytes, batch.ranges.size, batch.suspectCount]).toEqual([0, 0, 0, 0]);
    expect(batch.counts()).toMatchObject({ ok: 0, duplicate: 0, invalid: 0 });
  });
});

describe('the month of an instant', () => {
  it('agrees with the calendar on every day from 1970 to 2299', () => {
    for (let day = 0; day * dayMs < Date.UTC(2300, 0, 1); day += 1) {
      const date = new Date(day * dayMs);
      expect(yearMonthOf(day * dayMs + dayMs - 1)).toBe(date.getUTCFullYear() * 100 + date.getUTCMonth() + 1);
    }
  });
});
