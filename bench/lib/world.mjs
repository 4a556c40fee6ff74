// The engines of a bench, and corners of them: topics, tables and services of one measurement that disappear with it.
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { openKafka } from '@ledgerline/platform/kafka';
import { migrateAll } from '@ledgerline/platform/nest';
import { createLogger } from '@ledgerline/platform/telemetry';
import { loadConfig } from '@ledgerline/platform/config';
import { eventually, freePortBlock, isolated, spawnService, startEngines } from '@ledgerline/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventsTable, eventsTopic } from '../reference/settings.mjs';

export const partitions = 4;
const silent = createLogger({ service: 'bench', level: 'silent' });

let profiles = 0;

/** Ends what was started, newest first, also when ending one thing fails. */
export class Cleanup {
  #steps = [];
  #running;

  add(step) {
    this.#steps.push(step);
  }

  /** Starts something that has to be stopped, also when the interrupt comes while it is still starting. */
  async started(start) {
    if (this.#running !== undefined) throw new Error('the bench is ending');
    const starting = start();
    this.add(async () => {
      // One that failed to start has cleaned up after itself, and whoever waits for it hears of the reason.
      const [outcome] = await Promise.allSettled([starting]);
      await outcome.value?.stop();
    });
    return starting;
  }

  run() {
    return (this.#running ??= (async () => {
      const errors = [];
      for (const step of this.#steps.reverse()) {
        try {
          await step();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'not everything could be ended');
    })());
  }
}

/** All four engines on free ports with data of their own in a directory that is removed at the end. */
export async function openWorld({ cleanup, profileDir }) {
  const dir = await mkdtemp(join(tmpdir(), 'ledgerline-bench-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const engines = await cleanup.started(() => startEngines({ dir }));
  const pidOf = (engine) => engines.running.get(engine).pid;
  const world = { dir, engines, pidOf, cleanup, profileDir };
  return { ...world, openCorner: () => openCorner(world) };
}

async function openCorner(world) {
  const cleanup = new Cleanup();
  world.cleanup.add(() => cleanup.run());
  const corner = await isolated(world.engines);
  cleanup.add(() => corner.dispose());
  const kafka = openKafka({ brokers: corner.kafkaBrokers, service: 'bench', logger: silent });
  const admin = kafka.admin();
  await admin.connect();
  cleanup.add(() => admin.disconnect());
  const clickhouse = openClickHouse({
    url: corner.clickhouseUrl,
    database: corner.clickhouseDatabase,
    user: 'default',
    password: '',
    service: 'bench',
  });
  cleanup.add(() => clickhouse.close());
  const base = await freePortBlock(12);
  const env = {
    NODE_ENV: 'production',
    LEDGERLINE_INSTANCE_PORT: String(base),
    LEDGERLINE_KAFKA_BROKERS: corner.kafkaBrokers.join(','),
    LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
    LEDGERLINE_KAFKA_PARTITIONS: String(partitions),
    LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
    LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
    LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
    LEDGERLINE_REDIS_URL: corner.redisUrl,
    LEDGERLINE_REDIS_KEY_PREFIX: corner.redisPrefix,
    LEDGERLINE_TELEMETRY_LOG_LEVEL: 'warn',
  };
  const local = (port) => `http://127.0.0.1:${port}`;
  const start = async (name, entry, options) => {
    const profile = world.profileDir;
    return cleanup.started(() =>
      spawnService({
        entry,
        logFile: join(world.dir, 'logs', `${name}.log`),
        ...options,
        env: {
          ...options.env,
          ...(profile && {
            NODE_OPTIONS: `--import ${new URL('profile.mjs', import.meta.url).href}`,
            BENCH_PROFILE: join(profile, `${name}-${(profiles += 1)}.cpuprofile`),
          }),
        },
      }),
    );
  };
  const ours = (name, entry, telemetryPort, more = {}) =>
    start(name, entry, { env: { ...env, ...more }, readyUrl: `${local(telemetryPort)}/healthz/ready` });
  const reference = async (name, env) => {
    const port = await freePortBlock(1);
    const service = await start(`reference-${name}`, `bench/reference/${name}.mjs`, {
      readyUrl: `${local(port)}/ready`,
      env: {
        NODE_ENV: 'production',
        REFERENCE_PORT: String(port),
        REFERENCE_BROKERS: corner.kafkaBrokers.join(','),
        REFERENCE_TOPIC_PREFIX: corner.kafkaTopicPrefix,
        REFERENCE_CLICKHOUSE_URL: corner.clickhouseUrl,
        REFERENCE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
        REFERENCE_REDIS_URL: corner.redisUrl,
        REFERENCE_REDIS_PREFIX: corner.redisPrefix,
        ...env,
      },
    });
    return { ...service, url: local(port) };
  };
  const rows = async (query, settings = {}) =>
    (await clickhouse.query({ query, format: 'JSONEachRow', clickhouse_settings: settings })).json();
  return {
    corner,
    kafka,
    admin,
    clickhouse,
    rows,
    close: () => cleanup.run(),
    /** Tables and topics of ours. */
    async migrate() {
      const { NODE_ENV: _mode, ...settings } = env;
      await migrateAll({ config: loadConfig({ env: settings }), logger: silent });
    },
    /** Table and topic of the reference. */
    async migrateReference() {
      await clickhouse.command({ query: eventsTable });
      const topic = eventsTopic(corner.kafkaTopicPrefix);
      await admin.createTopics({
        waitForLeaders: false,
        topics: [{ topic, numPartitions: partitions }],
      });
      await eventually(
        async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
          return (
            topics[0].partitions.length === partitions && topics[0].partitions.every((p) => p.leader >= 0)
          );
        },
        { what: 'the leaders of the reference topic', deadlineMs: 60_000 },
      );
    },
    startIngest: async () => ({
      ...(await ours('ingest', 'apps/ingest/dist/main.js', base + 8)),
      url: local(base + 1),
    }),
    startSink: async () => ours('sink', 'apps/sink/dist/main.js', base + 9),
    startApi: async () => ({
      ...(await ours('api', 'apps/billing/dist/main-api.js', base + 10)),
      url: local(base + 2),
    }),
    startFrontDoor: async () => ({
      ...(await start('front-door', 'libs/embedded/dist/front-door/main.js', {
        env,
        readyUrl: `${local(base)}/`,
      })),
      url: local(base),
    }),
    startReference: reference,
    /** One number or text. */
    async value(query, settings) {
      const [row] = await rows(query, settings);
      return Object.values(row)[0];
    },
    /** Until the engine has nothing to merge, so that one side does not pay for the other; gives up after a while. */
    async settle(maxMs = 10_000) {
      const until = performance.now() + maxMs;
      while (performance.now() < until) {
        const [{ n }] = await rows('SELECT toUInt32(count()) AS n FROM system.merges');
        if (n === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}
