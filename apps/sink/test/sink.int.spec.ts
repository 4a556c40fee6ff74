import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@ledgerline/testkit';
import { openRig, type SinkRig, usage } from './sink-rig.js';

jest.setTimeout(60_000);
const deadlineMs = 30_000;
const rigs: SinkRig[] = [];
async function open(partitions?: number): Promise<SinkRig> {
  const rig = await openRig(partitions === undefined ? {} : { partitions });
  rigs.push(rig);
  return rig;
}
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.dispose()));
});
const untilStored = (rig: SinkRig, rows: number): Promise<boolean> =>
  eventually(async () => (await rig.total()) >= rows, { deadlineMs, what: `${rows} stored rows` });

describe('the sink', () => {
  it('stores every column of an event as it was sent', async () => {
    const rig = await open(1);
    await rig.startSink();
    await rig.sendTo(0, [
      usage({
        namespace: 'acme',
        id: 'é-1',
        source: 'https://example.test/ä',
        type: 'tokens',
        subject: 'customer-1',
        timeSeconds: -1,
        ingestedAtMs: 1_795_000_000_123,
        data: `{"text":"${'ü'.repeat(9_000)}"}`,
        dataSent: '{ "text": 1e0 }',
      }),
      usage({ id: 'second', data: null }),
    ]);
    await untilStored(rig, 2);
    const rows = await rig.query(
      `SELECT namespace, id, source, type, subject, toString(time) AS time, length(data) AS size, data_sent, has_data,
        toString(ingested_at) AS ingested_at, stored_at > '2020-01-01' AS stamped, status, reason, kafka_partition,
        toInt32(kafka_offset) AS kafka_offset, index_in_record, batch_month, fingerprint != 0 AS printed
       FROM events ORDER BY index_in_record LIMIT 1`,
    );
    expect(rows).toEqual([
      {
        namespace: 'acme',
        id: 'é-1',
        source: 'https://example.test/ä',
        type: 'tokens',
        subject: 'customer-1',
        time: '1969-12-31 23:59:59',
        size: 18_011,
        data_sent: '{ "text": 1e0 }',
        has_data: 1,
        ingested_at: '2026-11-18 11:06:40.123',
        stamped: 1,
        status: 'ok',
        reason: '',
        kafka_partition: 0,
        kafka_offset: 0,
        index_in_record: 0,
        batch_month: 202_611,
        printed: 1,
      },
    ]);
    const [second] = await rig.query<{ data: string; has_data: number }>(
      "SELECT data, has_data FROM events WHERE id = 'second'",
    );
    expect(second).toEqual({ data: '', has_data: 0 });
  });

  it('counts the first of equal events: in one record, across batches, after a restart', async () => {
    const rig = await open(1);
    const first = await rig.startSink();
    const a = usage({ id: 'a' });
    await rig.sendTo(0, [a, usage({ id: 'b' }), a]);
    await untilStored(rig, 3);
    await rig.sendTo(0, [a, usage({ id: 'c' })]);
    await untilStored(rig, 5);
    await first.stop();
    await rig.startSink();
    await rig.sendTo(0, [usage({ id: 'd' }), a, usage({ id: 'b' })]);
    await untilStored(rig, 8);
    expect((await rig.rows()).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'a ok',
      'b ok',
      'a duplicate',
      'a duplicate',
      'c ok',
      'd ok',
      'a duplicate',
      'b duplicate',
    ]);
  });

  it('looks at identities, not at fingerprints, before it calls an event a duplicate', async () => {
    const rig = await open(1);
    const { codec } = await import('../src/codec.js');
    await rig.startSink({ codec: { ...codec, fingerprintOf: () => 42n } });
    await rig.sendTo(0, [usage({ id: 'a' }), usage({ id: 'b' })]);
    await untilStored(rig, 2);
    await rig.sendTo(0, [usage({ id: 'c' }), usage({ id: 'a' }), usage({ id: 'a', source: 'other' })]);
    await untilStored(rig, 5);
    expect((await rig.rows()).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'duplicate', 'ok']);
  });

  it('counts an event again once the first one left the window', async () => {
    const rig = await open(1);
    await rig.startSink({ settings: { dedupeWindowMs: 60_000 } });
    const nowMs = Date.now();
    await rig.sendTo(0, [usage({ id: 'a', ingestedAtMs: nowMs - 61_000 })]);
    await untilStored(rig, 1);
    await rig.sendTo(0, [usage({ id: 'a', ingestedAtMs: nowMs })]);
    await rig.sendTo(0, [usage({ id: 'a', ingestedAtMs: nowMs + 1_000 })]);
    await untilStored(rig, 3);
    expect((await rig.rows()).map(({ status }) => status)).toEqual(['ok', 'ok', 'duplicate']);
  });

  it('turns what cannot be read into rows, and goes on', async () => {
    const rig = await open(1);
    await rig.startSink();
    await rig.sendRaw(0, Buffer.from('{"not":"a record"}'));
    await rig.sendRaw(0, Buffer.from([0, 255, 1, 254]));
    await rig.sendRaw(0, null);
    await rig.sendRaw(0, Buffer.from('[2,[]]'));
    await rig.sendTo(0, [usage({ id: 'late', timeSeconds: 99_999_999_999 }), usage({ id: 'good' })]);
    await untilStored(rig, 6);
    const rows = await rig.query<{ status: string; reason: string; data_sent: string }>(
      'SELECT status, reason, data_sent FROM events ORDER BY kafka_offset, index_in_record',
    );
    expect(rows).toEqual([
      { status: 'invalid', reason: 'the record is not an array', data_sent: '{"not":"a record"}' },
      {
        status: 'invalid',
        reason: 'the record is not valid UTF-8 (data_sent is base64)',
        data_sent: Buffer.from([0, 255, 1, 254]).toString('base64'),
      },
      { status: 'invalid', reason: 'the record is empty', data_sent: '' },
      { status: 'invalid', reason: 'unknown record version 2; this reader knows 1', data_sent: '[2,[]]' },
      { status: 'invalid', reason: 'time 99999999999 s lies outside of 1900 to 2299', data_sent: '' },
      { status: 'ok', reason: '', data_sent: '' },
    ]);
  });

  it('makes exactly one part of an insert: 20,000 rows of several partitions, and at the end of a month', async () => {
    const rig = await open(4);
    const turn = Date.UTC(2026, 11, 1);
    const events = Array.from({ length: 20_000 }, (_, n) =>
      usage({
        subject: `customer-${n % 997}`,
        ingestedAtMs: turn - 10_000 + n,
        timeSeconds: turn / 1000 - 10_000 + n,
      }),
    );
    await rig.send(events, 250);
    const sink = await rig.startSink({ settings: { batchWaitMs: 5_000 } });
    await untilStored(rig, 20_000);
    expect(await rig.counts()).toEqual({ ok: 20_000 });
    expect(await rig.parts()).toHaveLength(1);
    const [months] = await rig.query(
      'SELECT uniqExact(toYYYYMM(ingested_at)) AS n, uniqExact(batch_month) AS m FROM events',
    );
    expect([months].map((row) => Object.values(row as object).map(Number))).toEqual([[2, 1]]);
    expect(sink.causes).toEqual(['assigned']);
  });

  it('never cuts a record, and closes a batch before it would be too large', async () => {
    const rig = await open(1);
    await rig.sendTo(
      0,
      Array.from({ length: 30 }, () => usage()),
    );
    await rig.sendTo(
      0,
      Array.from({ length: 30 }, () => usage()),
    );
    await rig.sendTo(
      0,
      Array.from({ length: 250 }, () => usage()),
    );
    await rig.startSink({ settings: { batchRowsMax: 50, batchWaitMs: 10_000 } });
    await untilStored(rig, 310);
    const sizes = await rig.query<{ n: number }>(
      'SELECT toUInt32(count()) AS n FROM events GROUP BY stored_at ORDER BY min(kafka_offset)',
    );
    expect(sizes.map(({ n }) => n)).toEqual([30, 30, 250]);
  });

  it('builds readings after storing, and stores on while that fails', async () => {
    const rig = await open(1);
    let runs = 0;
    const sink = await rig.startSink({
      readings: {
        advance: () => {
          runs += 1;
          return runs < 3 ? Promise.reject(new Error('no room')) : Promise.resolve();
        },
      },
    });
    await rig.sendTo(0, [usage()]);
    await untilStored(rig, 1);
    await eventually(() => runs >= 3, { what: 'readings tried again' });
    expect(sink.sink.trouble()).toBeUndefined();
    const before = runs;
    await rig.sendTo(0, [usage()]);
    await eventually(() => runs > before, { deadlineMs, what: 'readings of the next batch' });
  });

  it('shares the partitions with a second sink and stores each record once', async () => {
    const rig = await open(4);
    const one = await rig.startSink();
    const two = await rig.startSink();
    await eventually(() => one.sink.nextOffsets().size === 2 && two.sink.nextOffsets().size === 2, {
      deadlineMs,
      what: 'two partitions each',
    });
    const events = Array.from({ length: 2_000 }, () => usage());
    await rig.send(events, 20);
    await untilStored(rig, 2_000);
    await one.stop();
    await rig.send(events, 20);
    await untilStored(rig, 4_000);
    expect(await rig.counts()).toEqual({ ok: 2_000, duplicate: 2_000 });
  });
});
