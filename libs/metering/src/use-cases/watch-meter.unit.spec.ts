import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { decimal, instant, refusal, Refused } from '@ledgerline/kernel';
import type { Readable } from 'node:stream';
import type { MeterQueryAnswer } from '../core/meter-query.js';
import { WatchMeter, type WatchLimits, type WatchRequest } from './watch-meter.js';

const request = (more: Partial<WatchRequest> = {}): WatchRequest => ({
  namespace: 'default',
  idOrSlug: 'm',
  input: {},
  lastEventId: undefined,
  ...more,
});
const answerOf = (values: readonly string[]) =>
  ({
    rows: values.map((value) => ({
      value: decimal(value),
      windowStart: instant('2025-01-01T00:00:00Z'),
      windowEnd: instant('2025-01-02T00:00:00Z'),
      subject: undefined,
      customerId: undefined,
      groupBy: {},
    })),
  }) as unknown as MeterQueryAnswer;

describe('watching a meter', () => {
  let values: string[] = ['1'];
  let fault: Error | undefined;
  let asked = 0;
  let troubles: unknown[] = [];
  let watches: WatchMeter[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    [values, fault, asked, troubles, watches] = [['1'], undefined, 0, [], []];
  });
  afterEach(() => {
    for (const watch of watches) watch.close();
    jest.useRealTimers();
  });

  const open = (limits: Partial<WatchLimits> = {}): WatchMeter => {
    const watch = new WatchMeter({
      ask: () => {
        asked += 1;
        return fault === undefined ? Promise.resolve(answerOf(values)) : Promise.reject(fault);
      },
      toText: ({ rows }) => rows.map(({ value }) => value.toFixed()).join(),
      onTrouble: (error) => troubles.push(error),
      limits,
    });
    watches.push(watch);
    return watch;
  };
  const taken = (stream: Readable): string => String(stream.read() ?? '');

  it('asks a question no more often than once a second, and sends only changes', async () => {
    const stream = await open().watch(request());
    expect(taken(stream)).toMatch(/^retry: 2000\n\nid: [\w-]{22}\nevent: usage\ndata: 1\n\n$/);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(asked).toBeLessThanOrEqual(11);
    expect(taken(stream)).toBe('');
    values = ['2'];
    await jest.advanceTimersByTimeAsync(1_000);
    expect(taken(stream)).toMatch(/data: 2\n\n$/);
  });

  it('keeps a silent connection alive', async () => {
    const stream = await open().watch(request());
    taken(stream);
    await jest.advanceTimersByTimeAsync(15_000);
    expect(taken(stream)).toBe(': still here\n\n');
  });

  it('ends a stream after five minutes', async () => {
    const watch = open();
    const stream = await watch.watch(request());
    taken(stream);
    await jest.advanceTimersByTimeAsync(5 * 60_000);
    stream.resume();
    await jest.advanceTimersByTimeAsync(0);
    expect([stream.readableEnded, watch.streams, watch.asked]).toEqual([true, 0, 0]);
  });

  it('tells once that a value cannot be read, and the value when it can', async () => {
    const watch = open();
    const stream = await watch.watch(request());
    taken(stream);
    fault = new Error('secret address of the store');
    await jest.advanceTimersByTimeAsync(20_000);
    expect(taken(stream)).toMatch(
      /^event: problem\ndata: {"detail":"the value cannot be read at the moment"}\n\n(: still here\n\n)?$/,
    );
    expect(troubles.length).toBeGreaterThan(1);
    const late = await watch.watch(request());
    expect(taken(late)).toContain('event: problem');
    fault = undefined;
    await jest.advanceTimersByTimeAsync(6_000);
    expect([taken(stream), taken(late)]).toEqual([
      expect.stringContaining('data: 1\n\n'),
      expect.stringContaining('data: 1\n\n'),
    ]);
  });

  it('refuses what the query refuses, and forgets the question', async () => {
    const watch = open();
    fault = new Refused(refusal.notFound('meter not found: m'));
    await expect(watch.watch(request())).rejects.toThrow('meter not found: m');
    await jest.advanceTimersByTimeAsync(0);
    expect([watch.streams, watch.asked, troubles]).toEqual([0, 0, []]);
  });

  it('refuses answers too long to send again and again', async () => {
    values = Array.from({ length: 1001 }, () => '1');
    await expect(open().watch(request())).rejects.toThrow('at most 1000 rows');
  });

  it('gives a slow reader the newest value only, and gives up one that sleeps', async () => {
    const watch = open({ everyMs: 1_000 });
    values = ['1'.repeat(70_000)];
    const stream = await watch.watch(request());
    for (const digit of ['2', '3', '4']) {
      values = [digit.repeat(70_000)];
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(stream.readableLength).toBeLessThan(80_000);
    const text = taken(stream);
    const sent = ['1', '2', '3', '4'].map((digit) => text.includes(`data: ${digit}`));
    expect(sent).toEqual([true, false, false, true]);
    for (const digit of ['5', '6']) {
      values = [digit.repeat(70_000)];
      await jest.advanceTimersByTimeAsync(1_000);
    }
    await jest.advanceTimersByTimeAsync(15_000);
    expect([stream.destroyed, watch.streams]).toEqual([true, 0]);
  });

  it('has room for so many, and for so many of a namespace', async () => {
    const watch = open({ streamsMax: 3, streamsPerNamespaceMax: 2 });
    const first = await watch.watch(request());
    await watch.watch(request());
    await expect(watch.watch(request())).rejects.toMatchObject({ refusal: { kind: 'too-many-requests' } });
    await watch.watch(request({ namespace: 'other' }));
    await expect(watch.watch(request({ namespace: 'third' }))).rejects.toMatchObject({
      refusal: { kind: 'unavailable' },
    });
    first.destroy();
    await jest.advanceTimersByTimeAsync(0);
    await watch.watch(request({ namespace: 'third' }));
    expect([watch.streams, watch.asked]).toEqual([3, 3]);
  });

  it('takes nobody after it was closed', async () => {
    const watch = open();
    watch.close();
    await expect(watch.watch(request())).rejects.toMatchObject({ refusal: { kind: 'unavailable' } });
  });
});
