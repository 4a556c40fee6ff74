import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { migrate, readMigrations } from '@ledgerline/platform/postgres';
import { eventually, freePortBlock, NotYet, type RunningService, spawnService } from '@ledgerline/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRig, type SinkRig, usage } from './sink-rig.js';

jest.setTimeout(300_000);
// A session of 6 s and a rebalance of at most 15 s, on a machine that is busy.
const deadlineMs = 90_000;
const partitions = 6;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(): Promise<SinkRig> {
  const rig = await openRig({ partitions });
  cleanups.push(() => rig.dispose());
  await migrate({
    postgresUrl: rig.corner.postgresUrl,
    clickhouse: async (query) => {
      await rig.clickhouse.command({ query });
    },
    migrations: readMigrations().filter(({ room }) => ['platform', 'sink', 'metering'].includes(room)),
  });
  return rig;
}

class SinkProcess {
  private constructor(
    private readonly service: RunningService,
    private readonly port: number,
  ) {}

  static async start(rig: SinkRig): Promise<SinkProcess> {
    const dir = await mkdtemp(join(tmpdir(), 'ledgerline-scaling-'));
    const port = await freePortBlock(1);
    const service = await spawnService({
      entry: 'apps/sink/dist/main.js',
      logFile: join(dir, 'sink.log'),
      readyUrl: `http://127.0.0.1:${port}/healthz/live`,
      env: {
        LEDGERLINE_SINK_TELEMETRY_PORT: String(port),
        // Long enough that a process which is frozen under traffic holds a batch that it has not stored.
        LEDGERLINE_SINK_BATCH_WAIT_MS: '500',
        LEDGERLINE_KAFKA_BROKERS: rig.corner.kafkaBrokers.join(','),
        LEDGERLINE_KAFKA_TOPIC_PREFIX: rig.corner.kafkaTopicPrefix,
        LEDGERLINE_KAFKA_PARTITIONS: String(partitions),
        LEDGERLINE_CLICKHOUSE_URL: rig.corner.clickhouseUrl,
        LEDGERLINE_CLICKHOUSE_DATABASE: rig.corner.clickhouseDatabase,
        LEDGERLINE_POSTGRES_URL: rig.corner.postgresUrl,
      },
    });
    cleanups.push(async () => {
      service.signal('SIGCONT');
      await service.kill();
      await rm(dir, { recursive: true, force: true });
    });
    return new SinkProcess(service, port);
  }

  freeze(): void {
    this.service.signal('SIGSTOP');
  }

  thaw(): void {
    this.service.signal('SIGCONT');
  }

  async leave(): Promise<void> {
    await this.service.stop();
  }

  async figures(): Promise<string> {
    const reply = await fetch(`http://127.0.0.1:${this.port}/metrics`, {
      signal: AbortSignal.timeout(5_000),
    });
    return reply.text();
  }

  /** Partitions it has stored something of since it got them. */
  async held(): Promise<number[]> {
    const found = (await this.figures()).matchAll(/^ledgerline_sink_next_offset\{partition="(\d+)"/gm);
    return [...found].map(([, partition]) => Number(partition));
  }

  async refused(): Promise<number> {
    const found = (await this.figures()).matchAll(
      /^ledgerline_sink_inserts_refused_total\{condition="claim-lost"[^}]*\} (\d+)$/gm,
    );
    return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
  }
}

/** Sends to every partition without a pause, and some of it twice; `stop` gives how many different events there were. */
function traffic(rig: SinkRig): { readonly sent: () => number; stop: () => Promise<number> } {
  const end = new AbortController();
  let sent = 0;
  const sending = (async () => {
    while (!end.signal.aborted) {
      const events = Array.from({ length: 60 }, () => usage());
      await rig.send(events, 10);
      sent += events.length;
      if (sent % 600 === 0) await rig.send(events, 10);
    }
  })();
  // Whoever stops it hears of a failure.
  sending.catch(() => undefined); // tidy: awaited by stop
  return {
    sent: () => sent,
    stop: async () => {
      end.abort();
      await sending;
      return sent;
    },
  };
}

/** Exactly one counted row of each event, no offset missing, no place twice. */
async function expectExact(rig: SinkRig, sent: number): Promise<void> {
  const ends = await rig.admin.fetchTopicOffsets(rig.topic);
  await eventually(
    async () => {
      const marks = await rig.query<{ p: number; next: number }>(
        'SELECT kafka_partition AS p, toUInt32(max(kafka_offset) + 1) AS next FROM events GROUP BY p',
      );
      const behind = ends.filter(
        ({ partition, high }) => Number(high) > (marks.find(({ p }) => p === partition)?.next ?? 0),
      );
      if (behind.length > 0) throw new NotYet(behind);
      return true;
    },
    { deadlineMs, what: 'lag 0' },
  );
  const [totals] = await rig.query(
    `SELECT toUInt32(countIf(status = 'ok')) AS ok, toUInt32(uniqExactIf(id, status = 'ok')) AS identities,
      toUInt32(count() - uniqExact(kafka_partition, kafka_offset, index_in_record)) AS twice FROM events`,
  );
  expect(totals).toEqual({ ok: sent, identities: sent, twice: 0 });
  const gaps = await rig.query(
    `SELECT kafka_partition FROM events GROUP BY kafka_partition
     HAVING uniqExact(kafka_offset) != max(kafka_offset) + 1 OR min(kafka_offset) != 0`,
  );
  expect(gaps).toEqual([]);
}

const storedEvents = async (rig: SinkRig): Promise<number> => (await rig.counts())['ok'] ?? 0;

describe('three sinks of one group', () => {
  it('count exactly when one is frozen past its session and thawed: the store refuses it', async () => {
    const rig = await open();
    const sinks = await Promise.all([1, 2, 3].map(() => SinkProcess.start(rig)));
    const [zombie, ...others] = sinks as [SinkProcess, ...SinkProcess[]];
    const load = traffic(rig);
    const shared = (who: readonly SinkProcess[]): Promise<boolean> =>
      eventually(
        async () => {
          const held = await Promise.all(who.map((sink) => sink.held()));
          const all = held.flat();
          if (held.some((some) => some.length === 0) || new Set(all).size !== partitions)
            throw new NotYet(held);
          return all.length === partitions;
        },
        { deadlineMs, what: `${who.length} sinks to share the partitions` },
      );
    await shared(sinks);
    // It holds a batch at nearly every moment; at the others it has nothing to be refused.
    for (let tries = 0; tries < 5 && (await zombie.refused()) === 0; tries += 1) {
      zombie.freeze();
      await shared(others);
      zombie.thaw();
      await shared(sinks);
    }
    expect(await zombie.refused()).toBeGreaterThan(0);
    await expectExact(rig, await load.stop());
  });

  it('go on while members join and leave every five seconds', async () => {
    const rig = await open();
    await SinkProcess.start(rig);
    const load = traffic(rig);
    await eventually(async () => (await storedEvents(rig)) > 0, { deadlineMs, what: 'the first events' });
    const before = await storedEvents(rig);
    let guest: SinkProcess | undefined;
    for (let change = 0; change < 4; change += 1) {
      const dueMs = performance.now() + 5_000;
      if (guest === undefined) guest = await SinkProcess.start(rig);
      else {
        await guest.leave();
        guest = undefined;
      }
      await eventually(() => performance.now() >= dueMs, { deadlineMs, what: 'the next change' });
    }
    expect(await storedEvents(rig)).toBeGreaterThan(before);
    await expectExact(rig, await load.stop());
  });
});
