import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type RunningEngine,
  startClickhouse,
  type EngineAddresses,
  eventually,
  freePortBlock,
  killAtRename,
  makeNaive,
  type NaiveMode,
  prepareNaive,
  sharedEngines,
} from '@ledgerline/testkit';
import { SinkEventsStore } from '@ledgerline/sink';
import { rowColumns } from '@ledgerline/sink/core';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRig, type SinkRig, usage } from './sink-rig.js';

jest.setTimeout(120_000);
const deadlineMs = 60_000;
const records = 6;
const eventsPerRecord = 50;

let dir: string;
let options: { dataDir: string; port: number; logFile: string };
let gateway: RunningEngine;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'directed-kill-'));
  options = {
    dataDir: join(dir, 'clickhouse'),
    port: await freePortBlock(1),
    logFile: join(dir, 'gateway.log'),
  };
  gateway = await startClickhouse(options);
});
afterAll(async () => {
  await gateway.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Point {
  readonly n: number;
  readonly when: 'before' | 'after';
}
interface Result {
  readonly sent: number;
  readonly rows: number;
  readonly places: number;
  readonly sum: string;
  readonly expectedSum: string;
}

/** Sends records one batch at a time through a gateway that dies at the point, brings it back, and counts. */
async function runThrough(point: Point, naive?: NaiveMode): Promise<Result> {
  const engines: EngineAddresses = { ...sharedEngines(), clickhouseUrl: gateway.url };
  const rig = await openRig({ partitions: 2, engines });
  try {
    if (naive !== undefined) await prepareNaive(rig.clickhouse, naive);
    await gateway.stop();
    gateway = await startClickhouse({ ...options, env: await killAtRename(point) });
    const doomed = gateway;
    let isGone = false;
    void doomed.exited.then(() => (isGone = true));
    const sink = await rig.startSink({
      settings: { batchWaitMs: 5 },
      ...(naive !== undefined && {
        openStore: (client) =>
          makeNaive(new SinkEventsStore(client), client, { mode: naive, columns: rowColumns }),
      }),
    });
    let nano = 0n;
    for (let record = 0; record < records; record += 1) {
      const events = Array.from({ length: eventsPerRecord }, (_, n) => {
        const value = BigInt(record * 1_000_003 + n * 7 + 1);
        nano += value;
        return usage({ data: `{"amount":"${asDecimal(value)}"}` });
      });
      await rig.sendTo(record % 2, events);
      // Each record is a batch and a part of its own, so that the n-th rename is the n-th commit.
      const wanted = (record + 1) * eventsPerRecord;
      await eventually(() => isGone || sink.stored() >= wanted, { deadlineMs, what: `record ${record}` });
    }
    expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
    gateway = await startClickhouse(options);
    const sent = records * eventsPerRecord;
    await eventually(() => sink.stored() >= sent || storedPlaces(rig, sent), {
      deadlineMs,
      what: 'all stored',
    });
    await eventually(() => sink.sink.trouble() === undefined, { deadlineMs, what: 'the sink at work again' });
    // Nothing is under way any more once the sink is closed.
    await sink.stop();
    const [counted] = await rig.query<{ rows: number; places: number; total: string }>(
      `SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(kafka_partition, kafka_offset, index_in_record)) AS places,
        toString(sum(toDecimal128(JSONExtractString(data, 'amount'), 9))) AS total FROM events WHERE status = 'ok'`,
    );
    return {
      sent,
      rows: counted!.rows,
      places: counted!.places,
      sum: counted!.total,
      expectedSum: asDecimal(nano),
    };
  } finally {
    await rig.dispose();
  }
}

/** A batch whose reply died with the gateway is stored without the sink having counted it. */
async function storedPlaces(rig: SinkRig, sent: number): Promise<boolean> {
  const [row] = await rig.query<{ n: number }>(
    'SELECT toUInt32(uniqExact(kafka_partition, kafka_offset, index_in_record)) AS n FROM events',
  );
  return row!.n >= sent;
}

const asDecimal = (nano: bigint): string =>
  `${nano / 1_000_000_000n}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}`.replace(/\.?0+$/, '');

describe('a gateway that is killed at the commit of a part', () => {
  // The first commit is the sink's claim, the others are batches of events.
  const points = [1, 2, 3, 4, 5].flatMap((n): Point[] => [
    { n, when: 'before' },
    { n, when: 'after' },
  ]);
  it.each(points)('commit $n, $when the rename: every event is stored once', async (point) => {
    const { sent, rows, places, sum, expectedSum } = await runThrough(point);
    expect({ rows, places, sum }).toEqual({ rows: sent, places: sent, sum: expectedSum });
  });
});

describe('the same kills find what is wrong with', () => {
  it('sending an insert again until it is acknowledged: it counts twice', async () => {
    const { sent, rows, places } = await runThrough({ n: 2, when: 'after' }, 'retry');
    expect({ rows, places }).toEqual({ rows: sent + eventsPerRecord, places: sent });
  });

  it('doing so with a deduplication token: it loses a batch that was acknowledged', async () => {
    const { sent, rows } = await runThrough({ n: 2, when: 'before' }, 'token');
    expect(rows).toBe(sent - eventsPerRecord);
  });
});
