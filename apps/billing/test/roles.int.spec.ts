import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addDuration, instant, parseDuration } from '@ledgerline/kernel';
import { type Config, loadConfig } from '@ledgerline/platform/config';
import { openKafka, topicsOf } from '@ledgerline/platform/kafka';
import { migrateAll } from '@ledgerline/platform/nest';
import { createLogger } from '@ledgerline/platform/telemetry';
import { followClock } from '@ledgerline/system';
import { eventually, freePortBlock, type Isolated, isolated } from '@ledgerline/testkit';
import pg from 'pg';
import type { Running } from '@ledgerline/platform/main';
import { type RunningApi, startApi } from '../src/start-api.js';
import { startWorker } from '../src/start-worker.js';
import { toyRoom, toyTables } from './toy-room.js';

let corner: Isolated;
let config: Config;
let db: pg.Client;
let api: RunningApi;
let worker: Running;
const logger = createLogger({ service: 'spec', level: 'silent' });
const clockPath = '/api/ledgerline/v1/clock';

const environment = (port: number) => ({
  LEDGERLINE_INSTANCE_PORT: String(port),
  LEDGERLINE_CLOCK_MODE: 'virtual',
  LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
  LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
  LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
  LEDGERLINE_KAFKA_BROKERS: corner.kafkaBrokers.join(','),
  LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
  LEDGERLINE_REDIS_URL: corner.redisUrl,
  LEDGERLINE_REDIS_KEY_PREFIX: corner.redisPrefix,
  LEDGERLINE_TELEMETRY_LOG_LEVEL: 'silent',
});

beforeAll(async () => {
  corner = await isolated();
  config = loadConfig({ env: environment(await freePortBlock(12)) });
  await migrateAll({ config, logger });
  db = new pg.Client({ connectionString: corner.postgresUrl });
  await db.connect();
  await db.query(toyTables);
  const options = { rooms: [toyRoom], bindings: [] };
  [api, worker] = await Promise.all([startApi(config, options), startWorker(config, options)]);
}, 30_000);
afterAll(async () => {
  await Promise.all([api.close(), worker.close()]);
  await db.end();
  await corner.dispose();
}, 30_000);

async function send(method: string, path: string, body?: unknown, url = api.url) {
  const reply = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: reply.status, body: JSON.parse(await reply.text()) as Record<string, unknown> };
}
const putClock = (now: string) => send('PUT', clockPath, { now });
const later = (text: string, duration: string) =>
  addDuration(instant(text), parseDuration(duration)!).toString();

describe('the virtual clock of a whole instance', () => {
  it('bills three months by one jump: every step’s notices and jobs are done at the time they were due', async () => {
    const { body } = await send('GET', clockPath);
    expect(body['mode']).toBe('virtual');
    const start = String(body['now']);
    const due = ['P1M', 'P2M', 'P3M'].map((after) => later(later(start, 'P1D'), after));
    await db.query(`INSERT INTO toys VALUES ('default', 'bear', $1)`, [due[0]]);
    await db.query(`INSERT INTO active_namespaces VALUES ('default') ON CONFLICT DO NOTHING`);

    const target = later(start, 'P3M5D');
    const moved = await putClock(target);
    expect(moved).toEqual({ status: 200, body: { mode: 'virtual', now: target, steps: 3 } });

    const { rows } = await db.query<{ line: string }>('SELECT line FROM toy_log ORDER BY position');
    expect(rows.map(({ line }) => line)).toEqual(
      due.flatMap((at) => [`bear billed at ${at}`, `bear noted at ${at}`]),
    );
    expect((await send('GET', clockPath)).body['now']).toBe(target);
  }, 30_000);

  it('is seen by a service without a database', async () => {
    const kafka = openKafka({ brokers: config.kafka.brokers, service: 'spec', logger });
    const clock = await followClock(kafka, topicsOf(config.kafka.topicPrefix).clock);
    const target = later(clock.now().toString(), 'PT1H');
    await putClock(target);
    await clock.caughtUp();
    expect(clock.now().toString()).toBe(target);
    await clock.close();
  });

  it('refuses to go back and names the field', async () => {
    const { status, body } = await putClock('2020-01-01T00:00:00Z');
    expect(status).toBe(400);
    expect(body['extensions']).toMatchObject({
      validationErrors: [{ field: '$.now', code: 'clock.backwards' }],
    });
  });

  it('says how to enable it where the time is the machine’s', async () => {
    const port = await freePortBlock(12);
    const system = await startApi(
      loadConfig({ env: { ...environment(port), LEDGERLINE_CLOCK_MODE: 'system' } }),
      { rooms: [], bindings: [] },
    );
    try {
      const { status, body } = await send('PUT', clockPath, { now: '2040-01-01T00:00:00Z' }, system.url);
      expect(status).toBe(409);
      expect(body['detail']).toContain('LEDGERLINE_CLOCK_MODE=virtual');
      expect((await send('GET', clockPath, undefined, system.url)).body['mode']).toBe('system');
    } finally {
      await system.close();
    }
  });
});

describe('the api', () => {
  it('answers what nobody has built with 501 and an unknown path with 404', async () => {
    expect((await send('GET', '/api/v1/addons')).status).toBe(501);
    expect((await send('GET', '/api/v1/unicorns')).status).toBe(404);
    expect((await send('PATCH', '/api/v1/addons')).status).toBe(405);
  });

  it('names what is wrong with a body', async () => {
    const { status, body } = await send('PUT', clockPath, { now: 'tomorrow' });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('$.now');
  });

  it('serves the documents', async () => {
    expect((await send('GET', '/api/swagger.json')).body['openapi']).toMatch(/^3\./);
  });
});

describe('readiness', () => {
  it('lists what each role needs, and both are ready', async () => {
    for (const port of [config.billing.telemetryPort, config.billing.workerTelemetryPort]) {
      await eventually(async () => (await fetch(`http://127.0.0.1:${port}/healthz/ready`)).ok, {
        what: `readiness on ${port}`,
      });
    }
    const { body } = await send(
      'GET',
      '/healthz/ready',
      undefined,
      `http://127.0.0.1:${config.billing.workerTelemetryPort}`,
    );
    expect((body['checks'] as { name: string }[]).map(({ name }) => name)).toEqual([
      'postgres',
      'migrations',
      'clickhouse',
      'redis',
      'kafka',
      'notices',
      'relay',
      'jobs',
      'due work',
    ]);
  });

  it('says why a process cannot work', async () => {
    await db.query(
      `INSERT INTO ledgerline_migrations (engine, room, number, name, hash) VALUES ('postgres', 'platform', 999, 'future', '')`,
    );
    const { status, body } = await send(
      'GET',
      '/healthz/ready',
      undefined,
      `http://127.0.0.1:${config.billing.telemetryPort}`,
    );
    await db.query('DELETE FROM ledgerline_migrations WHERE number = 999');
    expect(status).toBe(503);
    expect(body['checks']).toContainEqual({
      name: 'migrations',
      ok: false,
      reason: expect.stringContaining('written by a newer version'),
    });
  });
});
