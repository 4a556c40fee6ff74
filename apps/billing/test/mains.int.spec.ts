import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  freePortBlock,
  type Isolated,
  isolated,
  type RunningService,
  spawnService,
} from '@ledgerline/testkit';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let corner: Isolated;
let dir = '';
let env: Record<string, string> = {};
let base = 0;
beforeAll(async () => {
  corner = await isolated();
  dir = await mkdtemp(join(tmpdir(), 'ledgerline-mains-'));
  base = await freePortBlock(12);
  env = {
    LEDGERLINE_INSTANCE_PORT: String(base),
    LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
    LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
    LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
    LEDGERLINE_KAFKA_BROKERS: corner.kafkaBrokers.join(','),
    LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
    LEDGERLINE_REDIS_URL: corner.redisUrl,
    LEDGERLINE_REDIS_KEY_PREFIX: corner.redisPrefix,
  };
});
afterAll(async () => {
  await rm(dir, { recursive: true });
  await corner.dispose();
});

const main = (role: string, more: Record<string, string> = {}, telemetry?: number): Promise<RunningService> =>
  spawnService({
    entry: `apps/billing/dist/main-${role}.js`,
    env: { ...env, ...more },
    logFile: join(dir, `${role}.log`),
    deadlineMs: 60_000, // two cores that other specs use too
    ...(telemetry === undefined ? {} : { readyUrl: `http://127.0.0.1:${base + telemetry}/healthz/ready` }),
  });
const logOf = (role: string): Promise<string> => readFile(join(dir, `${role}.log`), 'utf8');

describe('the mains of billing', () => {
  it('migrate, and again without effect', async () => {
    const once = async () => (await main('migrate')).exited;
    expect(await once()).toEqual({ code: 0, signal: null });
    expect(await once()).toEqual({ code: 0, signal: null });
    expect((await logOf('migrate')).match(/"migration":"platform postgres 001-journal"/g)).toHaveLength(1);
  }, 60_000);

  it('start, become ready with what all rooms have migrated, and end cleanly on SIGTERM', async () => {
    const services = await Promise.all([main('api', {}, 10), main('worker', {}, 11)]);
    expect((await fetch(`http://127.0.0.1:${base + 2}/api/ledgerline/v1/clock`)).status).toBe(200);
    for (const service of services) service.signal('SIGTERM');
    const ends = await Promise.all(services.map(({ exited }) => exited));
    expect(ends).toEqual(services.map(() => ({ code: 0, signal: null })));
  }, 90_000);

  it('end at once with one line that says what to correct', async () => {
    const { exited } = await main('api', { LEDGERLINE_KAFKA_BROKER: 'x' });
    expect(await exited).toEqual({ code: 1, signal: null });
    expect((await logOf('api')).trim().split('\n').at(-1)).toBe(
      'unknown environment variable LEDGERLINE_KAFKA_BROKER; did you mean LEDGERLINE_KAFKA_BROKERS?',
    );
  }, 30_000);
});
