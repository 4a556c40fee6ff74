import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeLog } from './lane-fake-producer.js';
import { type LaneAttempt, LaneFault } from './lane.js';
import { ProducerSupply } from './lane-producer.js';
import { LaneSet, type LaneSetOptions, type PartitionChunk } from './lane-set.js';

const opened: LaneSet[] = [];
afterEach(async () => {
  for (const lanes of opened.splice(0)) await lanes.drain(0);
});

function open(log: FakeLog, options: Partial<LaneSetOptions> = {}) {
  const attempts: LaneAttempt[] = [];
  const lanes = new LaneSet({
    supply: new ProducerSupply({ open: log.open, openTimeoutMs: 1_000, onFault: () => undefined }),
    close: (texts) => Buffer.from(texts.join(',')),
    partitions: 2,
    recordEventsMax: 10,
    recordBytesMax: 100,
    bytesMax: 1_000,
    attemptTimeoutMs: 1_000,
    ackTimeoutMs: 2_000,
    onAttempt: (attempt) => attempts.push(attempt),
    ...options,
  });
  opened.push(lanes);
  return { lanes, attempts };
}

const chunk = (text: string, partition = 0, events = 1): PartitionChunk => ({
  partition,
  text,
  events,
  bytes: text.length,
});
const textsOf = (log: FakeLog, partition = 0): string[] =>
  (log.records.get(partition) ?? []).map((value) => value.toString());
const faultOf = (append: Promise<void>): Promise<unknown> =>
  append.then(
    () => 'acknowledged',
    (error: unknown) => (error instanceof LaneFault ? error.kind : error),
  );

describe('lanes', () => {
  it('put what arrives together into one record, and what arrives meanwhile into the next', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    const thaw = log.freeze();
    const first = [lanes.append([chunk('a')]), lanes.append([chunk('b')])];
    await new Promise(setImmediate);
    expect(lanes.recordsUnderWay).toBe(1);
    const second = [lanes.append([chunk('c')]), lanes.append([chunk('d')])];
    thaw();
    await Promise.all([...first, ...second]);
    expect(textsOf(log)).toEqual(['a,b', 'c,d']);
  });

  it('tell in a header whose traced requests are in a record, sixteen at most, and have none otherwise', async () => {
    const log = new FakeLog();
    const { lanes } = open(log, { recordEventsMax: 40 });
    await Promise.all([lanes.append([chunk('a')]), lanes.append([chunk('b')])]);
    const traces = Array.from(
      { length: 20 },
      (_, at) => `00-${String(at).padStart(32, '0')}-00f067aa0ba902b7-01`,
    );
    await Promise.all([
      lanes.append([chunk('c')]),
      ...traces.map((traceparent) => lanes.append([chunk('d')], traceparent)),
      lanes.append([chunk('e')], traces[0]),
    ]);
    await lanes.append([chunk('f')]);
    expect(log.headers).toEqual([undefined, { traceparents: traces.slice(0, 16).join(',') }, undefined]);
  });

  it('keep one record under way in each partition, in order, whatever the load', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    await Promise.all(Array.from({ length: 60 }, (_, n) => lanes.append([chunk(`${n}`, n % 2)])));
    expect(log.underWayMax).toBe(1);
    const numbers = textsOf(log).join(',').split(',').map(Number);
    expect(numbers).toEqual(Array.from({ length: 30 }, (_, n) => 2 * n));
    expect(lanes.bytesHeld).toBe(0);
  });

  it('close a record by events and by bytes; a larger chunk travels alone', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    await Promise.all(
      [
        chunk('a', 0, 6),
        chunk('b', 0, 4),
        chunk('c', 0, 1),
        chunk('x'.repeat(100)),
        chunk('y'.repeat(300)),
        chunk('z'),
      ].map((one) => lanes.append([one])),
    );
    expect(textsOf(log)).toEqual(['a,b', 'c', 'x'.repeat(100), 'y'.repeat(300), 'z']);
  });

  it('acknowledge a request only when all of its partitions have', async () => {
    const log = new FakeLog();
    const { lanes } = open(log, { ackTimeoutMs: 300 });
    await lanes.append([chunk('warm')]);
    log.faults.push('refused', 'refused', 'refused', 'refused', 'refused', 'refused', 'refused', 'refused');
    expect(await faultOf(lanes.append([chunk('a', 0), chunk('b', 1)]))).toBe('unknown');
  });

  it('resend the same record with a new producer after a failure, and count nothing twice as acknowledged', async () => {
    const log = new FakeLog();
    const { lanes, attempts } = open(log);
    log.faults.push('refused', 'written-unacknowledged');
    await lanes.append([chunk('a')]);
    // The second attempt was written though nobody heard of it: the sink removes the repetition.
    expect(textsOf(log)).toEqual(['a', 'a']);
    expect(log.opened).toBe(3);
    expect(attempts.map(({ error }) => error?.message)).toEqual([
      'the fake log refuses',
      'the fake acknowledgement is lost',
      undefined,
    ]);
  });

  it('take an offset that stands still for a lie', async () => {
    const log = new FakeLog();
    const { lanes, attempts } = open(log);
    await lanes.append([chunk('a')]);
    log.faults.push('same-offset');
    await lanes.append([chunk('b')]);
    expect(textsOf(log)).toEqual(['a', 'b']);
    expect(attempts[1]?.error?.message).toBe('offset 0 of partition 0 does not follow 0');
    expect(log.opened).toBe(2);
  });

  it('go on with a topic that was made anew', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    await lanes.append([chunk('a')]);
    await lanes.append([chunk('b')]);
    log.records.clear();
    await lanes.append([chunk('c')]);
    expect(textsOf(log).at(-1)).toBe('c');
  });

  it('refuse at once what would not fit into memory, and take it again when there is room', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    const thaw = log.freeze();
    const held = lanes.append([chunk('x'.repeat(600), 0), chunk('y'.repeat(300), 1)]);
    expect(await faultOf(lanes.append([chunk('z'.repeat(101))]))).toBe('full');
    const fits = lanes.append([chunk('z'.repeat(100))]);
    expect(lanes.bytesHeld).toBe(1_000);
    thaw();
    await Promise.all([held, fits]);
    expect(lanes.bytesHeld).toBe(0);
    await lanes.append([chunk('z'.repeat(101))]);
  });

  it('answer unknown when no acknowledgement comes in time, and forget what was not sent', async () => {
    const log = new FakeLog();
    const { lanes } = open(log, { ackTimeoutMs: 100, attemptTimeoutMs: 5_000 });
    const thaw = log.freeze();
    const underWay = faultOf(lanes.append([chunk('a'.repeat(90))]));
    await new Promise(setImmediate);
    const queued = faultOf(lanes.append([chunk('b'.repeat(90))]));
    expect(await Promise.all([underWay, queued])).toEqual(['unknown', 'unknown']);
    // The record under way is still held: it may yet be written.
    expect(lanes.bytesHeld).toBe(90);
    thaw();
    await lanes.append([chunk('c')]);
    expect(textsOf(log)).toEqual(['a'.repeat(90), 'c']);
    expect(lanes.bytesHeld).toBe(0);
  });

  it('give up an attempt that does not end, and go on with a new producer', async () => {
    const log = new FakeLog();
    const { lanes, attempts } = open(log, { attemptTimeoutMs: 50 });
    const thaw = log.freeze();
    const append = lanes.append([chunk('a')]);
    await lanesSaw(attempts, 1);
    thaw();
    await append;
    expect(attempts[0]?.error?.message).toBe('writing a record took longer than 50 ms');
    expect(log.opened).toBeGreaterThan(1);
    expect(new Set(textsOf(log))).toEqual(new Set(['a']));
  });

  it('answer unknown when no producer can be had', async () => {
    const log = new FakeLog();
    const { lanes } = open(log, {
      ackTimeoutMs: 200,
      supply: new ProducerSupply({
        open: () => Promise.reject(new Error('no broker')),
        openTimeoutMs: 100,
        onFault: () => undefined,
      }),
    });
    expect(await faultOf(lanes.append([chunk('a')]))).toBe('unknown');
    expect(lanes.bytesHeld).toBe(0);
  });

  it('drain: write what was taken, take nothing more', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    const thaw = log.freeze();
    const taken = [lanes.append([chunk('a')]), lanes.append([chunk('b'.repeat(99))])];
    const drained = lanes.drain(5_000);
    expect(await faultOf(lanes.append([chunk('c')]))).toBe('closing');
    thaw();
    await Promise.all([...taken, drained]);
    expect(textsOf(log).join(',')).toBe(`a,${'b'.repeat(99)}`);
  });

  it('drain: give up after the timeout, answering everyone', async () => {
    const log = new FakeLog();
    const { lanes } = open(log);
    log.freeze();
    const taken = faultOf(lanes.append([chunk('a')]));
    await new Promise(setImmediate);
    await lanes.drain(20);
    expect(await taken).toBe('unknown');
  });
});

async function lanesSaw(attempts: readonly LaneAttempt[], count: number): Promise<void> {
  while (attempts.length < count) await new Promise(setImmediate);
}
