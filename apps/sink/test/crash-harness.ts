import { decodeUsageRecord } from '@ledgerline/contract';
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { ensureTopics, openKafka, topicsOf } from '@ledgerline/platform/kafka';
import { migrate, readMigrations } from '@ledgerline/platform/postgres';
import { createLogger } from '@ledgerline/platform/telemetry';
import {
  type RunningEngine,
  startClickhouse,
  startKafka,
  eventually,
  NotYet,
  freePortBlock,
  type RunningService,
  spawnService,
} from '@ledgerline/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises'; // tidy: random moments of kills, not waits for a result
import { CrashDriver, type DriverCounts, nanoText, seeded } from './crash-driver.js';
import { declareMeters } from './declare-meters.js';

export type Victim = 'ingest' | 'sink' | 'gateway' | 'broker';

export interface CrashOptions {
  readonly seed: number;
  readonly killsEach: number;
  readonly victims: readonly Victim[];
  /** Of an empty database, for the meters. */
  readonly postgresUrl: string;
  /** Called for every kill. */
  readonly say: (line: string) => void;
}

export interface CrashReport {
  readonly seed: number;
  readonly kills: Readonly<Record<Victim, number>>;
  readonly driver: Readonly<DriverCounts>;
  readonly acknowledged: number;
  readonly expectedSum: string;
  /** In Kafka, counted by reading the topic. */
  readonly delivered: number;
  readonly rows: { readonly ok: number; readonly duplicate: number; readonly invalid: number };
  readonly okIdentities: number;
  readonly sum: string;
  /** The same sum as the meter has it, from its readings. */
  readonly meterSum: string;
  /** Places (partition, offset, index) of Kafka that have no row, more than one row, or no such place. */
  readonly wrongPlaces: number;
  /** Acknowledged events without a row that counts. */
  readonly missing: number;
  readonly tookMs: number;
}

const partitions = 4;
const workers = 4;
const silent = createLogger({ service: 'crash', level: 'silent' });
// Long enough for a killed member's session (6 s) and a restarted broker.
const recoveryMs = 60_000;

interface Restartable {
  /** SIGKILL; returns when the process is gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Engines and services of one run, each in its own process on its own port. */
class Stack {
  readonly env: Record<string, string>;
  readonly parts: Readonly<Record<Victim, Restartable>>;

  constructor(
    readonly dir: string,
    readonly base: number,
    readonly postgresUrl: string,
  ) {
    this.env = {
      LEDGERLINE_INSTANCE_PORT: String(base),
      LEDGERLINE_KAFKA_PARTITIONS: String(partitions),
      LEDGERLINE_SINK_BATCH_WAIT_MS: '200',
      LEDGERLINE_TELEMETRY_LOG_LEVEL: 'info',
      LEDGERLINE_POSTGRES_URL: postgresUrl,
    };
    const logFile = (name: string): string => join(dir, 'logs', `${name}.log`);
    this.parts = {
      broker: engine(() =>
        startKafka({
          dataDir: join(dir, 'kafka'),
          port: base + 3,
          controllerPort: base + 4,
          logFile: logFile('kafka'),
        }),
      ),
      gateway: engine(() =>
        startClickhouse({ dataDir: join(dir, 'clickhouse'), port: base + 5, logFile: logFile('clickhouse') }),
      ),
      ingest: service(() =>
        spawnService({
          entry: 'apps/ingest/dist/main.js',
          env: this.env,
          logFile: logFile('ingest'),
          readyUrl: `http://127.0.0.1:${base + 8}/healthz/live`,
        }),
      ),
      sink: service(() =>
        spawnService({
          entry: 'apps/sink/dist/main.js',
          env: this.env,
          logFile: logFile('sink'),
          readyUrl: `http://127.0.0.1:${base + 9}/healthz/live`,
        }),
      ),
    };
  }

  get ingestUrl(): string {
    return `http://127.0.0.1:${this.base + 1}`;
  }

  openKafka() {
    return openKafka({ brokers: [`127.0.0.1:${this.base + 3}`], service: 'crash', logger: silent });
  }

  openClickHouse() {
    return openClickHouse({
      url: `http://127.0.0.1:${this.base + 5}`,
      database: 'default',
      user: 'default',
      password: '',
      service: 'crash',
    });
  }

  /** Rows the sink has stored since it was started; 0 while it cannot be asked. */
  async stored(): Promise<number> {
    const reply = await fetch(`http://127.0.0.1:${this.base + 9}/metrics`, {
      signal: AbortSignal.timeout(2_000),
    });
    const rows = [...(await reply.text()).matchAll(/^ledgerline_sink_rows_total\{[^}]*\} (\d+)$/gm)];
    return rows.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  async stop(): Promise<void> {
    for (const victim of ['ingest', 'sink', 'gateway', 'broker'] as const) await this.parts[victim].stop();
  }
}

function engine(launch: () => Promise<RunningEngine>): Restartable {
  let running: RunningEngine | undefined;
  return {
    start: async () => {
      running = await launch();
    },
    kill: async () => {
      if (running === undefined) return;
      process.kill(running.pid, 'SIGKILL');
      await running.exited;
      running = undefined;
    },
    stop: async () => running?.stop(),
  };
}

function service(launch: () => Promise<RunningService>): Restartable {
  let running: RunningService | undefined;
  return {
    start: async () => {
      running = await launch();
    },
    kill: async () => {
      await running?.kill();
      running = undefined;
    },
    stop: async () => running?.stop(),
  };
}

/** Posts events while everything is killed again and again; afterwards waits until all is stored, and counts. */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const startedAtMs = performance.now();
  const dir = await mkdtemp(join(tmpdir(), 'ledgerline-crash-'));
  const stack = new Stack(dir, await freePortBlock(12), options.postgresUrl);
  const random = seeded(options.seed);
  const driver = new CrashDriver(stack.ingestUrl, random, `seed${options.seed}`);
  try {
    await Promise.all([stack.parts.broker.start(), stack.parts.gateway.start()]);
    await prepare(stack);
    await Promise.all([stack.parts.ingest.start(), stack.parts.sink.start()]);
    const posting = driver.post(workers);
    try {
      const kills = await killAll(stack, random, options);
      driver.end();
      await posting;
      const report = await count(stack, driver);
      return { seed: options.seed, kills, ...report, tookMs: performance.now() - startedAtMs };
    } finally {
      driver.end();
      // On the way out of a failure that is already being told; on the way of success it has settled.
      await posting.catch(() => undefined); // tidy: the reason stands above
    }
  } finally {
    await stack.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function prepare(stack: Stack): Promise<void> {
  const clickhouse = stack.openClickHouse();
  const admin = stack.openKafka().admin();
  await admin.connect();
  try {
    await migrate({
      postgresUrl: stack.postgresUrl,
      clickhouse: async (query) => {
        await clickhouse.command({ query });
      },
      migrations: readMigrations().filter(({ room }) => ['platform', 'sink', 'metering'].includes(room)),
    });
    await declareMeters(clickhouse, stack.postgresUrl, [
      { slug: 'crash', eventType: 'crash', aggregation: 'SUM', valueProperty: '$.amount' },
    ]);
    await ensureTopics(admin, { topicPrefix: '', partitions, eventBytesMax: 1024 * 1024 });
  } finally {
    await admin.disconnect();
    await clickhouse.close();
  }
}

/** One loop per victim: live for a while, die, come back. The loops run side by side, so victims die together at times. */
async function killAll(
  stack: Stack,
  random: () => number,
  options: CrashOptions,
): Promise<Record<Victim, number>> {
  const kills: Record<Victim, number> = { ingest: 0, sink: 0, gateway: 0, broker: 0 };
  const loop = async (victim: Victim): Promise<void> => {
    for (let n = 0; n < options.killsEach; n += 1) {
      if (victim === 'sink') await untilSinkStores(stack);
      await delay((victim === 'broker' ? 1_500 : 200) + random() * 2_000);
      await stack.parts[victim].kill();
      kills[victim] += 1;
      options.say(`killed ${victim} (${kills[victim]} of ${options.killsEach})`);
      await delay(random() * 500);
      await stack.parts[victim].start();
    }
  };
  await Promise.all(options.victims.map(loop));
  return kills;
}

/** A sink that is killed before it stores anything shows nothing; the wait is bounded, because the others die too. */
async function untilSinkStores(stack: Stack): Promise<void> {
  const untilMs = performance.now() + 9_000;
  while (performance.now() < untilMs) {
    const stored = await stack.stored().catch(() => 0);
    if (stored > 0) return;
    await delay(100);
  }
}

type Counted = Omit<CrashReport, 'seed' | 'kills' | 'tookMs'>;

async function count(stack: Stack, driver: CrashDriver): Promise<Counted> {
  const clickhouse = stack.openClickHouse();
  const query = async <T>(text: string): Promise<T[]> =>
    (await clickhouse.query({ query: text, format: 'JSONEachRow' })).json<T>();
  try {
    const log = await readLog(stack);
    const marks = [...log].map(([partition, places]) => ({ partition, next: places.length }));
    await eventually(
      async () => {
        const stored = await query<{ p: number; next: number }>(
          'SELECT kafka_partition AS p, toUInt32(max(kafka_offset) + 1) AS next FROM events GROUP BY p',
        );
        return marks.every(
          ({ partition, next }) => next === 0 || stored.find(({ p }) => p === partition)?.next === next,
        );
      },
      { deadlineMs: recoveryMs, what: 'lag 0' },
    );
    const places = await query<{ p: number; o: number; n: number; u: number }>(
      `SELECT kafka_partition AS p, toUInt32(kafka_offset) AS o, toUInt32(count()) AS n,
        toUInt32(uniqExact(index_in_record)) AS u FROM events GROUP BY p, o`,
    );
    const [totals] = await query<{
      ok: number;
      duplicate: number;
      invalid: number;
      identities: number;
      total: string;
    }>(
      `SELECT toUInt32(countIf(status = 'ok')) AS ok, toUInt32(countIf(status = 'duplicate')) AS duplicate,
        toUInt32(countIf(status = 'invalid')) AS invalid, toUInt32(uniqExactIf((namespace, source, id), status = 'ok')) AS identities,
        toString(sumIf(toDecimal256(JSONExtractString(data, 'amount'), 9), status = 'ok')) AS total FROM events`,
    );
    const meter = await eventually(
      async () => {
        const [readings] = await query<{ n: number; total: string }>(
          `SELECT toUInt32(count()) AS n, toString(sum(CAST(value, 'Decimal(76, 19)'))) AS total FROM readings
           WHERE kind = 'reading'`,
        );
        if (readings!.n < totals!.ok) throw new NotYet(readings);
        return readings;
      },
      { deadlineMs: recoveryMs, what: `readings of ${totals!.ok} events` },
    );
    const counted = new Set(
      (
        await query<{ key: string }>(`SELECT concat(source, ' ', id) AS key FROM events WHERE status = 'ok'`)
      ).map(({ key }) => key),
    );
    return {
      driver: driver.counts,
      acknowledged: driver.events,
      expectedSum: trimmed(nanoText(driver.nano)),
      delivered: [...log.values()].flat().reduce((sum, events) => sum + events, 0),
      rows: { ok: totals!.ok, duplicate: totals!.duplicate, invalid: totals!.invalid },
      okIdentities: totals!.identities,
      sum: trimmed(totals!.total),
      meterSum: trimmed(meter.total),
      wrongPlaces: wrongPlaces(log, places),
      missing: [...driver.ids].filter((key) => !counted.has(key)).length,
    };
  } finally {
    await clickhouse.close();
  }
}

const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

function wrongPlaces(
  log: ReadonlyMap<number, readonly number[]>,
  places: readonly { p: number; o: number; n: number; u: number }[],
): number {
  let wrong = 0;
  let right = 0;
  for (const { p, o, n, u } of places) {
    const events = log.get(p)?.[o];
    if (events === n && u === n) right += 1;
    else wrong += 1;
  }
  return wrong + [...log.values()].reduce((sum, records) => sum + records.length, 0) - right - wrong;
}

/** Events per offset of every partition, read from Kafka itself. */
async function readLog(stack: Stack): Promise<Map<number, number[]>> {
  const kafka = stack.openKafka();
  const topic = topicsOf('').usageEvents;
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  );
  await admin.disconnect();
  const log = new Map([...ends.keys()].map((partition): [number, number[]] => [partition, []]));
  const consumer = kafka.consumer({ groupId: 'crash-reader' });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachBatch: ({ batch }) => {
        for (const { offset, value } of batch.messages)
          log.get(batch.partition)![Number(offset)] = decodeUsageRecord(value).length;
        return Promise.resolve();
      },
    });
    await eventually(() => [...ends].every(([partition, end]) => log.get(partition)!.length >= end), {
      deadlineMs: recoveryMs,
      what: 'the whole topic read',
    });
  } finally {
    await consumer.disconnect();
  }
  return log;
}
