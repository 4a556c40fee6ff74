import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, freePortBlock, spawnService, startEngines, type TestEngines } from '@ledgerline/testkit';
import { join } from 'node:path';
import { anEvent, createTopic, ingestEnv, openIngest, readTopic, type RigOptions } from './ingest-rig.js';

jest.setTimeout(120_000);

// A broker of its own: this spec freezes it.
let engines: TestEngines;
let options: RigOptions;
let brokerPid: number;
beforeAll(async () => {
  engines = await startEngines({ only: ['kafka'] });
  options = { brokers: engines.kafkaBrokers, topicPrefix: 'faults.' };
  brokerPid = engines.running.get('kafka')!.pid;
  await createTopic(options);
});
afterAll(() => engines.stop());

const MiB = 1024 * 1024;
const batchOf = (prefix: string, events: number): string =>
  JSON.stringify(
    Array.from({ length: events }, (_, n) => anEvent(`${prefix}-${n}`, { data: { text: 'x'.repeat(500) } })),
  );

describe('a frozen broker', () => {
  it('gives 503 with Retry-After, in bounded memory, and is forgotten once it goes on', async () => {
    const rig = await openIngest({
      ...options,
      env: { LEDGERLINE_INGEST_LANE_BYTES_MAX: String(MiB) },
      patience: { attemptTimeoutMs: 1_000, ackTimeoutMs: 2_000 },
    });
    const frozen: string[] = [];
    try {
      expect((await rig.post(batchOf('before', 2))).status).toBe(204);
      process.kill(brokerPid, 'SIGSTOP');
      const replies = Array.from({ length: 20 }, async (_, n) => {
        const prefix = `frozen-${n}`;
        const reply = await rig.post(batchOf(prefix, 300));
        if (reply.status === 204) frozen.push(prefix);
        return reply;
      });
      const held = await rig.metric('ledgerline_ingest_lane_bytes');
      expect(held).toBeLessThanOrEqual(MiB);
      for (const reply of await Promise.all(replies)) {
        expect(reply.status).toBe(503);
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expect(Number(reply.headers.get('retry-after'))).toBeLessThanOrEqual(5);
        expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      }
      await eventually(async () => !(await rig.ready()), { what: 'readiness to be off' });
    } finally {
      process.kill(brokerPid, 'SIGCONT');
    }
    expect(frozen).toEqual([]);
    await eventually(() => rig.ready(), { what: 'readiness to return by itself', deadlineMs: 30_000 });
    await eventually(async () => (await rig.post(batchOf('after', 2))).status === 204, {
      what: 'events to be taken again',
      deadlineMs: 30_000,
    });
    await eventually(async () => (await rig.metric('ledgerline_ingest_lane_bytes')) === 0, {
      what: 'empty lanes',
    });
    const ids = new Set((await rig.stored()).map(({ id }) => id));
    for (const id of ['before-0', 'before-1', 'after-0', 'after-1']) expect(ids).toContain(id);
    await rig.close();
  });
});

describe('a broker that comes back', () => {
  it('is found again without a request that has to fail first', async () => {
    const rig = await openIngest({ ...options, patience: { attemptTimeoutMs: 2_000 } });
    expect((await rig.post(batchOf('idle', 1))).status).toBe(204);
    process.kill(brokerPid, 'SIGSTOP');
    await eventually(async () => !(await rig.ready()), { what: 'readiness to be off', deadlineMs: 20_000 });
    process.kill(brokerPid, 'SIGCONT');
    await eventually(() => rig.ready(), { what: 'readiness to return by itself', deadlineMs: 30_000 });
    expect((await rig.post(batchOf('idle-again', 1))).status).toBe(204);
    await rig.close();
  });
});

describe('SIGTERM', () => {
  it('ends the process after what was taken is answered and written', async () => {
    const [port, telemetryPort] = await freePortBlock(2).then((base) => [base, base + 1] as const);
    const service = await spawnService({
      entry: 'apps/ingest/dist/main.js',
      env: {
        ...ingestEnv(options),
        LEDGERLINE_INGEST_PORT: String(port),
        LEDGERLINE_INGEST_TELEMETRY_PORT: String(telemetryPort),
      },
      logFile: join(engines.dir, 'ingest.log'),
      readyUrl: `http://127.0.0.1:${telemetryPort}/healthz/ready`,
    });
    const acknowledged: string[] = [];
    let isStopped = false;
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let n = 0; !isStopped; n += 1) {
        const id = `term-${sender}-${n}`;
        try {
          const reply = await fetch(`http://127.0.0.1:${port}/api/v1/events`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(anEvent(id)),
          });
          if (reply.status === 204) acknowledged.push(id);
          else expect(reply.status).toBe(503);
        } catch {
          // The port is closed: nothing was promised.
          return;
        }
      }
    });
    await eventually(() => acknowledged.length > 200, { what: 'some traffic' });
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    isStopped = true;
    await Promise.all(senders);
    const stored = new Set((await readTopic(options)).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  });
});
