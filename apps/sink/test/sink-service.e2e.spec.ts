import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { migrate, readMigrations } from '@ledgerline/platform/postgres';
import {
  eventually,
  FaultProxy,
  freePortBlock,
  NotYet,
  type RunningService,
  spawnService,
} from '@ledgerline/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openRig, type SinkRig, usage } from './sink-rig.js';

jest.setTimeout(120_000);
const deadlineMs = 60_000;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Service {
  readonly process: RunningService;
  readonly get: (path: string) => Promise<{ status: number; text: string }>;
}

/** The compiled service on the rig's topic and tables. */
async function start(rig: SinkRig, env: Record<string, string> = {}): Promise<Service> {
  await migrate({
    postgresUrl: rig.corner.postgresUrl,
    clickhouse: async (query) => {
      await rig.clickhouse.command({ query });
    },
    migrations: readMigrations().filter(({ room }) => ['platform', 'sink', 'metering'].includes(room)),
  });
  const dir = await mkdtemp(join(tmpdir(), 'ledgerline-sink-'));
  const port = await freePortBlock(1);
  const process = await spawnService({
    entry: 'apps/sink/dist/main.js',
    logFile: join(dir, 'sink.log'),
    readyUrl: `http://127.0.0.1:${port}/healthz/live`,
    env: {
      LEDGERLINE_SINK_TELEMETRY_PORT: String(port),
      LEDGERLINE_SINK_BATCH_WAIT_MS: '50',
      LEDGERLINE_KAFKA_BROKERS: rig.corner.kafkaBrokers.join(','),
      LEDGERLINE_KAFKA_TOPIC_PREFIX: rig.corner.kafkaTopicPrefix,
      LEDGERLINE_KAFKA_PARTITIONS: String(rig.partitions),
      LEDGERLINE_CLICKHOUSE_URL: rig.corner.clickhouseUrl,
      LEDGERLINE_CLICKHOUSE_DATABASE: rig.corner.clickhouseDatabase,
      LEDGERLINE_POSTGRES_URL: rig.corner.postgresUrl,
      ...env,
    },
  });
  cleanups.push(async () => {
    await process.kill();
    await rm(dir, { recursive: true, force: true });
  });
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) });
    return { status: reply.status, text: await reply.text() };
  };
  return { process, get };
}

async function open(): Promise<SinkRig> {
  const rig = await openRig({ partitions: 2 });
  cleanups.push(() => rig.dispose());
  return rig;
}

const untilReady = (service: Service, status: number, word: string): Promise<boolean> =>
  eventually(
    async () => {
      const reply = await service.get('/healthz/ready');
      if (reply.status !== status || !reply.text.includes(word)) throw new NotYet(reply);
      return true;
    },
    { deadlineMs, what: `readiness ${status}` },
  );

async function expectExit(service: Service): Promise<void> {
  const startedAtMs = performance.now();
  service.process.signal('SIGTERM');
  expect(await service.process.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedAtMs).toBeLessThan(10_000);
}

describe('the sink service', () => {
  it('becomes ready, shows its figures, and leaves at once when asked to', async () => {
    const rig = await open();
    const service = await start(rig);
    await untilReady(service, 200, 'ready');
    const twice = usage();
    await rig.send([usage(), usage(), twice]);
    await rig.send([twice]);
    await rig.sendRaw(0, Buffer.from('nonsense'));
    const metrics = await eventually(
      async () => {
        const { text } = await service.get('/metrics');
        if (!text.includes('rows_total{status="invalid",service="sink"} 1')) throw new NotYet(text);
        return text;
      },
      { deadlineMs, what: 'five rows in the figures' },
    );
    expect(metrics).toContain('ledgerline_sink_rows_total{status="ok",service="sink"} 3');
    expect(metrics).toContain('ledgerline_sink_rows_total{status="duplicate",service="sink"} 1');
    expect(metrics).toMatch(/ledgerline_sink_next_offset\{partition="0",service="sink"\} \d/);
    expect(metrics).toMatch(/ledgerline_sink_filter_bytes\{service="sink"\} [1-9]/);
    await eventually(
      async () =>
        (await service.get('/metrics')).text.includes(
          'ledgerline_sink_lag_records{partition="0",service="sink"} 0',
        ),
      {
        deadlineMs,
        what: 'the lag',
      },
    );
    await expectExit(service);
  });

  it('says why it is not ready: the gap and what to do about it', async () => {
    const rig = await open();
    await rig.sendTo(0, [usage()]);
    await rig.sendTo(0, [usage()]);
    await rig.trimLog(0, 1);
    const service = await start(rig);
    await untilReady(service, 503, 'Events 0 to 0 left Kafka before they were stored');
    expect((await service.get('/healthz/live')).status).toBe(200);
    await expectExit(service);
  });

  it('says that the store is away, goes on by itself, and leaves while it is away', async () => {
    const rig = await open();
    const { hostname, port } = new URL(rig.corner.clickhouseUrl);
    const listenPort = await freePortBlock(1);
    let proxy = new FaultProxy({ host: hostname, port: Number(port) });
    const url = await proxy.listen(listenPort);
    cleanups.push(() => proxy.close());
    const service = await start(rig, { LEDGERLINE_CLICKHOUSE_URL: url });
    await untilReady(service, 200, 'ready');
    await proxy.close();
    await rig.sendTo(0, [usage()]);
    await untilReady(service, 503, 'ECONNREFUSED');
    proxy = new FaultProxy({ host: hostname, port: Number(port) });
    await proxy.listen(listenPort);
    await untilReady(service, 200, 'ready');
    await eventually(async () => (await rig.total()) === 1, { deadlineMs, what: 'the event' });
    await proxy.close();
    await rig.sendTo(0, [usage()]);
    await untilReady(service, 503, 'ECONNREFUSED');
    await expectExit(service);
  });

  it('says that readings wait for Postgres, and stores events all the same', async () => {
    const rig = await open();
    const nobody = await freePortBlock(1);
    const service = await start(rig, {
      LEDGERLINE_POSTGRES_URL: `postgres://nobody@127.0.0.1:${nobody}/none`,
    });
    await rig.sendTo(0, [usage()]);
    await untilReady(service, 503, 'ECONNREFUSED');
    await eventually(async () => (await rig.total()) === 1, { deadlineMs, what: 'the event' });
    await expectExit(service);
  });
});
