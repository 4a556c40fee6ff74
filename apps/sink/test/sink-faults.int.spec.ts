import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { SinkEventsStore } from '@ledgerline/sink';
import { SinkBatch, DedupeFilters } from '@ledgerline/sink/core';
import { eventually, FaultProxy } from '@ledgerline/testkit';
import { codec } from '../src/codec.js';

import { openRig, type SinkRig, type SinkUnderTest, usage } from './sink-rig.js';

jest.setTimeout(90_000);
const deadlineMs = 30_000;
const insertSign = 'INSERT+INTO+events';
const cleanups: (() => Promise<void>)[] = [];
async function open(partitions = 1): Promise<SinkRig> {
  const rig = await openRig({ partitions });
  cleanups.unshift(() => rig.dispose());
  return rig;
}
async function openProxy(rig: SinkRig): Promise<{ proxy: FaultProxy; url: string }> {
  const { hostname, port } = new URL(rig.corner.clickhouseUrl);
  const proxy = new FaultProxy({ host: hostname, port: Number(port) });
  cleanups.push(() => proxy.close());
  return { proxy, url: await proxy.listen() };
}
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const untilStored = (rig: SinkRig, rows: number): Promise<boolean> =>
  eventually(async () => (await rig.total()) >= rows, { deadlineMs, what: `${rows} stored rows` });
const untilFault = (under: SinkUnderTest): Promise<boolean> =>
  eventually(
    async () => {
      // What the service does every two seconds; the broker may be busy with the topic.
      await under.sink.inspect().catch(() => undefined); // tidy: the condition below is what counts
      return under.faults.length > 0;
    },
    { deadlineMs, what: 'a loud stop' },
  );

async function storedThenStopped(rig: SinkRig, records: number): Promise<void> {
  const sink = await rig.startSink();
  for (let n = 0; n < records; n += 1) await rig.sendTo(0, [usage()]);
  await untilStored(rig, records);
  await sink.stop();
}

describe('a sink that finds the log changed', () => {
  it('stops when records left before they were stored, and stores nothing more', async () => {
    const rig = await open();
    await storedThenStopped(rig, 3);
    for (let n = 0; n < 5; n += 1) await rig.sendTo(0, [usage()]);
    await rig.trimLog(0, 6);
    const sink = await rig.startSink();
    await untilFault(sink);
    expect(sink.faults).toEqual([expect.objectContaining({ code: 'gap' })]);
    expect(sink.sink.trouble()).toContain('Events 3 to 5 left Kafka before they were stored');
    expect(await rig.counts()).toEqual({ ok: 3 });
  });

  it('stops when nothing is stored and the log does not start at 0', async () => {
    const rig = await open();
    for (let n = 0; n < 3; n += 1) await rig.sendTo(0, [usage()]);
    await rig.trimLog(0, 2);
    const sink = await rig.startSink();
    await untilFault(sink);
    expect(sink.faults[0]?.code).toBe('gap');
    expect(await rig.total()).toBe(0);
  });

  it('goes on when retention took exactly what is stored', async () => {
    const rig = await open();
    await storedThenStopped(rig, 3);
    await rig.trimLog(0, 3);
    const sink = await rig.startSink();
    await rig.sendTo(0, [usage()]);
    await untilStored(rig, 4);
    expect(sink.faults).toEqual([]);
  });

  it.each([
    ['as long as the old one', 3, 'is not the one that was stored'],
    ['longer than the old one', 6, 'is not the one that was stored'],
    ['shorter than the old one', 1, 'but the log ends at 1'],
  ])('stops when the topic was created anew and is %s', async (_case, records, detail) => {
    const rig = await open();
    await storedThenStopped(rig, 3);
    await recreate(rig);
    for (let n = 0; n < records; n += 1) await rig.sendTo(0, [usage()]);
    const sink = await rig.startSink();
    await untilFault(sink);
    expect(sink.faults[0]).toMatchObject({ code: 'log-replaced' });
    expect(sink.faults[0]?.detail).toContain(detail);
    expect(await rig.counts()).toEqual({ ok: 3 });
  });

  it.each([
    ['shorter', 1],
    ['as long', 3],
    ['longer', 6],
  ])('stops when the topic is created anew under it, %s', async (_case, records) => {
    const rig = await open();
    const sink = await rig.startSink();
    for (let n = 0; n < 3; n += 1) await rig.sendTo(0, [usage()]);
    await untilStored(rig, 3);
    await recreate(rig);
    for (let n = 0; n < records; n += 1) await rig.sendTo(0, [usage()]);
    await untilFault(sink);
    expect(sink.faults[0]?.code).toBe('log-replaced');
    expect(await rig.counts()).toEqual({ ok: 3 });
  });

  it('stops when the topic was deleted under it, and not while nothing is stored', async () => {
    const rig = await open();
    const sink = await rig.startSink();
    await rig.sendTo(0, [usage()]);
    await untilStored(rig, 1);
    await rig.admin.deleteTopics({ topics: [rig.topic] });
    await untilFault(sink);
    expect(sink.faults[0]).toMatchObject({ code: 'log-missing' });
    expect(sink.sink.trouble()).toContain('offset 0 of its partition 0 is stored');
    expect(sink.sink.trouble()).toContain('restart the sink');
    await sink.stop();
    // A fresh instance whose topic nobody has made yet only waits for it.
    await rig.clickhouse.command({ query: 'TRUNCATE TABLE events' });
    const fresh = await rig.startSink();
    await eventually(
      async () => {
        await fresh.sink.inspect().catch(() => undefined); // tidy: the condition below is what counts
        return fresh.sink.trouble()?.includes('the topic of usage events does not exist') === true;
      },
      { deadlineMs, what: 'the sink to say what it waits for' },
    );
    await rig.createTopic();
    await rig.sendTo(0, [usage()]);
    await untilStored(rig, 1);
    expect(fresh.faults).toEqual([]);
  });

  it('takes a place that the client made up for what it is', async () => {
    const rig = await open();
    await storedThenStopped(rig, 4);
    // As after OFFSET_OUT_OF_RANGE: the group's committed offset is a default, not our place.
    await rig.admin.setOffsets({
      groupId: `${rig.corner.kafkaTopicPrefix}ledgerline-sink`,
      topic: rig.topic,
      partitions: [{ partition: 0, offset: '0' }],
    });
    const sink = await rig.startSink();
    await rig.sendTo(0, [usage()]);
    await untilStored(rig, 5);
    await sink.stop();
    await rig.sendTo(0, [usage()]);
    await rig.admin.setOffsets({
      groupId: `${rig.corner.kafkaTopicPrefix}ledgerline-sink`,
      topic: rig.topic,
      partitions: [{ partition: 0, offset: '6' }],
    });
    await rig.startSink();
    await untilStored(rig, 6);
    expect((await rig.rows()).map((row) => row.kafka_offset)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

async function recreate(rig: SinkRig): Promise<void> {
  await rig.admin.deleteTopics({ topics: [rig.topic] });
  await eventually(async () => !(await rig.admin.listTopics()).includes(rig.topic), {
    what: 'the topic gone',
  });
  await eventually(() => rig.createTopic().then(() => true), { what: 'the topic made again' });
}

describe('an insert of unknown outcome', () => {
  it('is counted once when it was executed and its reply was lost', async () => {
    const rig = await open();
    const { proxy, url } = await openProxy(rig);
    const sink = await rig.startSink({ clickhouseUrl: url });
    await rig.sendTo(0, [usage({ id: 'before' })]);
    await untilStored(rig, 1);
    proxy.arm('lose-reply', insertSign);
    await rig.sendTo(0, [usage({ id: 'lost reply' }), usage({ id: 'beside it' })]);
    await eventually(() => sink.causes.includes('unknown'), { deadlineMs, what: 'an unknown outcome' });
    await rig.sendTo(0, [usage({ id: 'after' })]);
    await eventually(async () => (await rig.rows()).some(({ id }) => id === 'after'), {
      deadlineMs,
      what: 'the next event',
    });
    expect(proxy.mishaps).toBe(1);
    expect((await rig.rows()).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'before ok',
      'lost reply ok',
      'beside it ok',
      'after ok',
    ]);
  });

  it('is sent again when it never arrived', async () => {
    const rig = await open();
    const { proxy, url } = await openProxy(rig);
    const sink = await rig.startSink({ clickhouseUrl: url });
    proxy.arm('lose-request', insertSign);
    await rig.sendTo(0, [usage({ id: 'a' })]);
    await untilStored(rig, 1);
    expect(sink.causes).toEqual(['assigned', 'unknown']);
    expect(await rig.counts()).toEqual({ ok: 1 });
  });

  it('is refused by the store when it arrives after the sink has gone on', async () => {
    const rig = await open();
    const { proxy, url } = await openProxy(rig);
    await rig.startSink({ clickhouseUrl: url });
    proxy.arm('hold', insertSign);
    await rig.sendTo(0, [usage({ id: 'a' })]);
    await untilStored(rig, 1);
    expect(await proxy.release()).toContain('sink-insert refused');
    expect((await rig.rows()).map(({ id, status }) => `${id} ${status}`)).toEqual(['a ok']);
  });

  it('is refused even when it arrives right after the claim, before anything else was stored', async () => {
    const rig = await open();
    const { proxy, url } = await openProxy(rig);
    const zombie = new SinkEventsStore(rig.openClient(url));
    const heir = new SinkEventsStore(rig.clickhouse);
    await zombie.claim([0], 'zombie');
    proxy.arm('hold', insertSign);
    expect((await zombie.insert(oneEvent('zombie', 0))).kind).toBe('unknown');
    await heir.claim([0], 'heir');
    expect((await heir.marks([0])).size).toBe(0);
    expect(await proxy.release()).toContain('sink-insert refused: claim');
    expect(await heir.insert(oneEvent('heir', 0))).toEqual({ kind: 'stored' });
    expect(await rig.total()).toBe(1);
  });
});

function oneEvent(claim: string, offset: number) {
  const batch = new SinkBatch(codec, new DedupeFilters(1024 * 1024, 6));
  batch.addRecord(0, offset, [usage()]);
  return batch.toInsert(claim);
}

describe('the conditions of an insert', () => {
  it('refuse a zombie and an old mark, and write nothing then', async () => {
    const rig = await open();
    const store = new SinkEventsStore(rig.clickhouse);
    await store.claim([0], 'first');
    expect(await store.insert(oneEvent('first', 0))).toEqual({ kind: 'stored' });
    expect((await store.insert(oneEvent('first', 0))).kind).toBe('mark-moved');
    expect((await store.insert(oneEvent('first', 2))).kind).toBe('mark-moved');
    await store.claim([0], 'second');
    expect((await store.insert(oneEvent('first', 1))).kind).toBe('claim-lost');
    expect(await store.insert(oneEvent('second', 1))).toEqual({ kind: 'stored' });
    expect((await rig.rows()).map((row) => row.kafka_offset)).toEqual([0, 1]);
    expect(await rig.parts()).toHaveLength(2);
  });

  it('make a claim wait for an insert that began before it', async () => {
    const rig = await open();
    const store = new SinkEventsStore(rig.clickhouse);
    // Runs for a while and carries the sign by which inserts of sinks are found.
    const slow = rig.clickhouse.command({
      query: `INSERT INTO sink_claims SELECT 999, number, 'x', now64(3) FROM numbers(3)
        WHERE NOT throwIf(sleepEachRow(0.5) > 0, 'sink-insert refused: slow') SETTINGS max_block_size = 1`,
    });
    await eventually(
      async () =>
        (
          await rig.query(
            "SELECT 1 FROM system.processes WHERE query_kind = 'Insert' AND query LIKE '%slow%'",
          )
        ).length > 0,
      { what: 'the slow insert' },
    );
    let slowEnded = false;
    const ended = slow.then(() => (slowEnded = true));
    await store.claim([0], 'heir');
    expect(slowEnded).toBe(true);
    await ended;
  });
});
