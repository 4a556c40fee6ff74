// A whole instance of a run: four engines and five services, each its own process, with proxies where links are to break.
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import { openKafka, topicsOf } from '@ledgerline/platform/kafka';
import { migrateAll } from '@ledgerline/platform/nest';
import { createLogger } from '@ledgerline/platform/telemetry';
import {
  FaultProxy,
  freePortBlock,
  prepareNaive,
  restartable,
  spawnService,
  startClickhouse,
  startKafka,
  startPostgres,
  startRedis,
} from '@ledgerline/testkit';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Holds } from './holds.mjs';

export const partitions = 4;
export const laneBytesMax = 1024 * 1024; // the least there is, so that a frozen broker fills it
const silent = createLogger({ service: 'chaos', level: 'silent' });
const local = (port) => `http://127.0.0.1:${port}`;
// A service of ours starts within seconds; a loaded machine with two cores takes longer.
const startDeadlineMs = 90_000;
const askTimeoutMs = 5_000;
// Base port plus this; the ones below belong to every instance, with room for a few more services.
const more = { detour: 20, kafkaProxy: 21, clickhouseProxy: 22, sinks: 23 };
const extraSinks = 2;

export class Instance {
  topic = topicsOf('').usageEvents;
  group = 'ledgerline-sink';
  #base;
  #dir;
  #naive;
  #env;
  #diskOf;
  #sideSinks = [];
  #holds = new Holds();

  /** `diskOf` says where the data of an engine lie, so that a disk can be a small one. */
  constructor({ base, dir, naive, diskOf }) {
    this.#base = base;
    this.#dir = dir;
    this.#naive = naive;
    this.#diskOf = diskOf;
    this.logDir = join(dir, 'logs');
    this.ingestUrl = local(base + 1);
    this.doorUrl = local(base);
    this.apiUrl = local(base + 2);
    this.brokers = [`127.0.0.1:${base + 3}`];
    this.kafkaProxy = new FaultProxy({ host: '127.0.0.1', port: base + more.detour });
    this.clickhouseProxy = new FaultProxy({ host: '127.0.0.1', port: base + 5 });
    /** Added to the gateway's environment at its next start. */
    this.gatewayEnv = {};
    this.engines = this.#makeEngines();
    this.services = this.#makeServices();
    this.clickhouse = openClickHouse({
      url: local(base + 5),
      database: 'default',
      user: 'default',
      password: '',
      service: 'chaos',
    });
  }

  static async find({ dir, naive, diskOf }) {
    return new Instance({ base: await freePortBlock(more.sinks + extraSinks), dir, naive, diskOf });
  }

  async start() {
    const { broker, gateway, postgres, redis } = this.engines;
    await this.#holds.hold(Object.values(this.services).flatMap(({ ports }) => ports));
    await this.kafkaProxy.listen(this.#base + more.kafkaProxy);
    await this.clickhouseProxy.listen(this.#base + more.clickhouseProxy);
    await allOf([broker, gateway, postgres, redis].map((engine) => engine.start()));
    this.#env = {
      LEDGERLINE_INSTANCE_PORT: String(this.#base),
      LEDGERLINE_KAFKA_PARTITIONS: String(partitions),
      LEDGERLINE_SINK_BATCH_WAIT_MS: '300',
      LEDGERLINE_INGEST_LANE_BYTES_MAX: String(laneBytesMax),
      LEDGERLINE_TELEMETRY_LOG_LEVEL: 'info',
      LEDGERLINE_POSTGRES_URL: this.postgresUrl,
      LEDGERLINE_REDIS_URL: this.redisUrl,
    };
    await migrateAll({ config: loadConfig({ env: this.#env }), logger: silent });
    if (this.#naive) await prepareNaive(this.clickhouse, 'retry');
    const { ingest, sink, api, worker, door } = this.services;
    await allOf([ingest, sink, api, worker, door].map((service) => service.start()));
  }

  /** Ends everything, those that write first. */
  async stop() {
    const { sink2, sink3, door, ingest, sink, api, worker } = this.services;
    this.kafkaProxy.unblock();
    this.clickhouseProxy.unblock();
    const services = [door, ingest, sink, sink2, sink3, ...this.#sideSinks, api, worker];
    await allOf(services.map((service) => service.end()));
    await this.clickhouse.close();
    await allOf(Object.values(this.engines).map((engine) => engine.end()));
    await this.#holds.releaseAll();
    await this.kafkaProxy.close();
    await this.clickhouseProxy.close();
  }

  #makeEngines() {
    const base = this.#base;
    const at = (name, port) => ({
      dataDir: this.#diskOf(name),
      port: base + port,
      logFile: join(this.logDir, `${name}.log`),
      startDeadlineMs,
    });
    const remember = (field, starting) =>
      starting.then((engine) => {
        this[field] = engine.url;
        return engine;
      });
    return {
      broker: restartable(() =>
        startKafka({
          ...at('kafka', 3),
          controllerPort: base + 4,
          detour: { port: base + more.detour, advertisedPort: base + more.kafkaProxy },
        }),
      ),
      gateway: restartable(() => startClickhouse({ ...at('clickhouse', 5), env: this.gatewayEnv })),
      postgres: restartable(() => remember('postgresUrl', startPostgres(at('postgres', 6)))),
      redis: restartable(() => remember('redisUrl', startRedis(at('redis', 7)))),
    };
  }

  #makeServices() {
    const base = this.#base;
    const service = (name, entry, [port, ...morePorts], env) => {
      const ports = [port, ...morePorts].map((offset) => base + offset);
      return Object.assign(
        restartable(async () => {
          await this.#holds.release(...ports);
          return spawnService({
            entry,
            env: { ...this.#env, ...env() },
            logFile: join(this.logDir, `${name}.log`),
            // Alive, not ready: it may be started while something it needs is down.
            readyUrl: `${local(base + port)}/healthz/live`,
            deadlineMs: startDeadlineMs,
          });
        }),
        { name, port: base + port, ports },
      );
    };
    const sink = (name, port) =>
      service(name, this.#naive ? 'bench/chaos/naive-sink.mjs' : 'apps/sink/dist/main.js', [port], () => ({
        LEDGERLINE_SINK_TELEMETRY_PORT: String(base + port),
        LEDGERLINE_CLICKHOUSE_URL: local(base + more.clickhouseProxy),
      }));
    return {
      ingest: service('ingest', 'apps/ingest/dist/main.js', [8, 1], () => ({
        LEDGERLINE_KAFKA_BROKERS: `127.0.0.1:${base + more.kafkaProxy}`,
      })),
      sink: sink('sink', 9),
      sink2: sink('sink2', more.sinks),
      sink3: sink('sink3', more.sinks + 1),
      api: service('api', 'apps/billing/dist/main-api.js', [10, 2], () => ({})),
      worker: service('worker', 'apps/billing/dist/main-worker.js', [11], () => ({})),
      door: service('door', 'libs/embedded/dist/front-door/main.js', [12, 0], () => ({})),
    };
  }

  // ── asking ──

  /** A sink for another topic and database. */
  async startSideSink(name, port, env) {
    const sink = restartable(() =>
      spawnService({
        entry: 'apps/sink/dist/main.js',
        env: { ...this.#env, LEDGERLINE_SINK_TELEMETRY_PORT: String(port), ...env },
        logFile: join(this.logDir, `${name}.log`),
        readyUrl: `${local(port)}/healthz/live`,
        deadlineMs: startDeadlineMs,
      }),
    );
    this.#sideSinks.push(sink);
    await sink.start();
    return sink;
  }

  get engineAddresses() {
    return {
      kafkaBrokers: this.brokers,
      clickhouseUrl: local(this.#base + 5),
      postgresUrl: this.postgresUrl,
      redisUrl: this.redisUrl,
    };
  }

  async rows(query) {
    return (await this.clickhouse.query({ query, format: 'JSONEachRow' })).json();
  }

  openKafka() {
    return openKafka({ brokers: this.brokers, service: 'chaos', logger: silent });
  }

  /** With an admin of its own: one that lived through a restart of the broker would first have to find out. */
  async withAdmin(work) {
    const admin = this.openKafka().admin({ retry: { retries: 1 } });
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** Partition → next offset, in Kafka. */
  async ends() {
    const offsets = await this.withAdmin((admin) => admin.fetchTopicOffsets(this.topic));
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  /** Partition → next offset, in the table. */
  async marks() {
    const rows = await this.rows(
      'SELECT kafka_partition AS p, toUInt32(max(kafka_offset) + 1) AS next FROM events GROUP BY p',
    );
    return new Map(rows.map(({ p, next }) => [p, next]));
  }

  /** Records in Kafka that are not in the table. */
  async lag() {
    const [ends, marks] = [await this.ends(), await this.marks()];
    return [...ends].reduce((sum, [partition, end]) => sum + end - (marks.get(partition) ?? 0), 0);
  }

  /** Stored records without readings of the meters that live now. */
  async readingsLag() {
    const rows = await this.rows(
      `SELECT toUInt32(kafka_partition) AS p, toUInt32(max(range_to) + 1) AS next FROM readings
       WHERE kind = 'marker' AND meter_id = '' GROUP BY p`,
    );
    const built = new Map(rows.map(({ p, next }) => [p, next]));
    return [...(await this.marks())].reduce((sum, [p, next]) => sum + next - (built.get(p) ?? 0), 0);
  }

  async readiness(service) {
    try {
      const reply = await ask(`${local(service.port)}/healthz/ready`);
      return { ok: reply.status < 400, text: await reply.text() };
    } catch (error) {
      return { ok: false, text: String(error.cause?.message ?? error.message) };
    }
  }

  async metrics(service) {
    return (await ask(`${local(service.port)}/metrics`)).text();
  }

  /** Sum over all labels. */
  async metric(service, name) {
    const found = [
      ...(await this.metrics(service)).matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+]+)$`, 'gm')),
    ];
    return found.reduce((sum, [, value]) => sum + Number(value), 0);
  }

  /** Services that run now. */
  get running() {
    return Object.values(this.services).filter(({ pid }) => pid !== undefined);
  }
}

/** Mebibytes a process holds in memory. */
export async function memoryOf(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

const ask = (url) => fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(askTimeoutMs) });

/** All of them, even when one fails, so that nothing is left half started. */
async function allOf(promises) {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
