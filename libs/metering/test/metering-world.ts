import { usageFingerprint } from '@ledgerline/contract/messages';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { type Config, loadConfig, type MeterConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrate, openPostgres, PostgresUnitOfWork, readMigrations } from '@ledgerline/platform/postgres';
import {
  CACHE,
  CLICKHOUSE,
  CLOCK,
  CONFIG,
  KAFKA,
  METRICS,
  POSTGRES,
  UNIT_OF_WORK,
} from '@ledgerline/platform';
import { type Kafka, openKafka, topicsOf } from '@ledgerline/platform/kafka';
import { RedisCache } from '@ledgerline/platform/cache';
import { newSealingKey } from '@ledgerline/platform/secrets';
import { createLogger, Registry } from '@ledgerline/platform/telemetry';
import { fixedClock, type FixedClock, freePortBlock, isolated } from '@ledgerline/testkit';
import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import type { MeterUse } from '../src/core/decide-meter.js';
import type { CustomerKeys } from '../src/core/meter-query.js';
import { METER_USE, SUBJECT_NAMES, USAGE_ATTRIBUTION } from '../src/core/ports.js';
import { MeteringModule } from '../src/metering.module.js';
import { openReadingsBuilder } from '../src/open-readings.js';
import { DECLARE_METERS, QUERY_USAGE } from '../src/tokens.js';
import type { BuildReadings } from '../src/use-cases/build-readings.js';
import type { DeclareMeters } from '../src/use-cases/declare-meters.js';
import type { QueryUsage } from '../src/use-cases/query-usage.js';

export interface TestEvent {
  readonly type?: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time: string;
  /** JSON text or a value; absent for an event without data. */
  readonly data?: unknown;
  readonly dataText?: string;
  readonly dataSent?: string;
  readonly id?: string;
  readonly source?: string;
  readonly namespace?: string;
  readonly status?: 'ok' | 'duplicate' | 'invalid';
  readonly reason?: string;
  readonly partition?: number;
  readonly ingestedAt?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What customers and features would answer; a spec sets it. */
export interface Neighbours {
  readonly customers: CustomerKeys[];
  /** Subjects that exist as a resource, and their display names. */
  readonly subjects: Map<string, string | undefined>;
  readonly use: Map<string, MeterUse>;
  readonly keysInUse: Map<string, readonly string[]>;
}

export const partitions = 4;

/** The metering room on real engines: a database of its own, HTTP on a free port, events as the sink would store them. */
export class MeteringWorld {
  private readonly offsets = new Map<number, number>();
  private ids = 0;

  private constructor(
    readonly clickhouse: ClickHouseClient,
    readonly postgres: DataSource,
    readonly app: NestFastifyApplication,
    readonly clock: FixedClock,
    readonly neighbours: Neighbours,
    readonly builder: BuildReadings,
    readonly url: string,
    private readonly release: () => Promise<void>,
  ) {}

  static async open(
    options: { now?: string; meters?: readonly MeterConfig[]; env?: Record<string, string | undefined> } = {},
  ): Promise<MeteringWorld> {
    const corner = await isolated();
    const service = 'metering-spec';
    const config = {
      ...loadConfig({
        env: {
          LEDGERLINE_KAFKA_PARTITIONS: String(partitions),
          LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
          LEDGERLINE_SECRETS_KEYS: newSealingKey(),
          ...options.env,
        },
      }),
      meters: options.meters ?? [],
    };
    const clickhouse = openClickHouse({
      url: corner.clickhouseUrl,
      database: corner.clickhouseDatabase,
      user: 'default',
      password: '',
      service,
    });
    await migrate({
      postgresUrl: corner.postgresUrl,
      clickhouse: async (query) => {
        await clickhouse.command({ query });
      },
      migrations: readMigrations().filter(({ room }) => ['platform', 'sink', 'metering'].includes(room)),
    });
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 8, service });
    const clock = Object.assign(fixedClock(options.now ?? '2025-06-15T12:00:00Z'), {
      refresh: () => Promise.resolve(),
    });
    const neighbours: Neighbours = {
      customers: [],
      subjects: new Map(),
      use: new Map(),
      keysInUse: new Map(),
    };
    const logger = createLogger({ service, level: 'fatal' });
    const cache = new RedisCache({ url: corner.redisUrl, keyPrefix: corner.redisPrefix, logger });
    const kafka = openKafka({ brokers: corner.kafkaBrokers, service, logger });
    const module = rootModule({ clickhouse, postgres, clock, config, neighbours, cache, kafka });
    const release = async (): Promise<void> => {
      await clickhouse.close();
      await postgres.destroy();
      cache.close();
      await corner.dispose();
    };
    try {
      const app = await createHttpApp(module, {
        logger,
        bodyMaxBytes: 1_048_576,
        clock,
        webPagePaths: ['/api/v1/portal/meters'],
        validateReplies: true,
      });
      await app.listen({ host: '127.0.0.1', port: await freePortBlock(1) });
      const url = await app.getUrl();
      const builder = openReadingsBuilder({ clickhouse, postgres, partitions });
      return new MeteringWorld(clickhouse, postgres, app, clock, neighbours, builder, url, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  /** Makes the topic of usage events, and records in it that nobody has stored. */
  async createLog(records: Readonly<Record<number, number>> = {}): Promise<void> {
    const kafka = this.app.get<Kafka>(KAFKA);
    const topic = topicsOf(this.app.get<Config>(CONFIG).kafka.topicPrefix).usageEvents;
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
    await admin.disconnect();
    const producer = kafka.producer();
    await producer.connect();
    for (const [partition, count] of Object.entries(records)) {
      const messages = Array.from({ length: count }, () => ({ partition: Number(partition), value: 'x' }));
      await producer.send({ topic, messages });
    }
    await producer.disconnect();
  }

  /** What a start with this configuration file does. */
  declare(meters: readonly MeterConfig[]): Promise<void> {
    return this.app.get<DeclareMeters>(DECLARE_METERS).run('default', meters);
  }

  get usage(): QueryUsage {
    return this.app.get<QueryUsage>(QUERY_USAGE);
  }

  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS',
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const reply = await fetch(`${this.url}${url}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const json = reply.headers.get('content-type')?.includes('json') === true;
    return {
      status: reply.status,
      body: json && text !== '' ? JSON.parse(text) : undefined,
      text,
      headers: Object.fromEntries(reply.headers),
    };
  }

  get(url: string, headers?: Record<string, string>): Promise<Answer> {
    return this.call('GET', url, undefined, headers);
  }

  async createMeter(meter: Record<string, unknown>): Promise<{ id: string; slug: string }> {
    const answer = await this.call('POST', '/api/v1/meters', meter);
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body;
  }

  /** Rows of a meter query; throws what was refused. */

  async query(slug: string, query: Record<string, unknown> = {}): Promise<any[]> {
    const answer = await this.call('POST', `/api/v1/meters/${slug}/query`, query);
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body.data;
  }

  /** One batch of the sink: one insert. Events go round the partitions unless they name one; each is a record. */
  async store(events: readonly TestEvent[], batchMonth = 202506): Promise<void> {
    if (events.length === 0) return;
    const rows = events.map((event) => this.rowOf(event, batchMonth));
    await this.clickhouse.insert({ table: 'events', values: rows, format: 'JSONEachRow' });
  }

  /** Stores each event as a batch of its own. */
  async storeApart(events: readonly TestEvent[]): Promise<void> {
    for (const event of events) await this.store([event]);
  }

  async rows<T>(query: string): Promise<T[]> {
    const result = await this.clickhouse.query({ query, format: 'JSONEachRow' });
    return result.json<T>();
  }

  async partsOfReadings(): Promise<number> {
    const [row] = await this.rows<{ parts: string }>(
      `SELECT count() AS parts FROM system.parts WHERE database = currentDatabase() AND table = 'readings' AND active`,
    );
    return Number(row?.parts);
  }

  /** Tells the next store that these offsets are taken: for rows that a spec inserted by SQL. */
  skipTo(partition: number, offset: number): void {
    this.offsets.set(partition, offset);
  }

  private rowOf(event: TestEvent, batchMonth: number): Record<string, unknown> {
    const number = this.ids;
    this.ids += 1;
    const partition = event.partition ?? number % partitions;
    const offset = (this.offsets.get(partition) ?? -1) + 1;
    this.offsets.set(partition, offset);
    const data = event.dataText ?? (event.data === undefined ? undefined : JSON.stringify(event.data));
    const ingestedMs = Date.parse(event.ingestedAt ?? this.clock.now().toString());
    return {
      namespace: event.namespace ?? 'default',
      id: event.id ?? `e${number}`,
      source: event.source ?? 'spec',
      type: event.type ?? 'usage',
      subject: event.subject ?? 's1',
      time: clickhouseTime(Date.parse(event.time)).slice(0, 19),
      data: data ?? '',
      data_sent: event.dataSent ?? '',
      has_data: data === undefined ? 0 : 1,
      ingested_at: clickhouseTime(ingestedMs),
      stored_at: clickhouseTime(ingestedMs + 1000),
      status: event.status ?? 'ok',
      reason: event.reason ?? '',
      kafka_partition: partition,
      kafka_offset: offset,
      index_in_record: 0,
      fingerprint: String(
        usageFingerprint(event.namespace ?? 'default', event.source ?? 'spec', event.id ?? `e${number}`),
      ),
      batch_month: batchMonth,
    };
  }
}

const clickhouseTime = (epochMs: number): string =>
  new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '');

function rootModule(parts: {
  clickhouse: ClickHouseClient;
  postgres: DataSource;
  clock: FixedClock;
  config: unknown;
  neighbours: Neighbours;
  cache: RedisCache;
  kafka: Kafka;
}): DynamicModule {
  const { neighbours } = parts;
  const providers = [
    { provide: CONFIG, useValue: parts.config },
    { provide: POSTGRES, useValue: parts.postgres },
    { provide: CLICKHOUSE, useValue: parts.clickhouse },
    { provide: CACHE, useValue: parts.cache },
    { provide: KAFKA, useValue: parts.kafka },
    { provide: METRICS, useValue: new Registry() },
    { provide: CLOCK, useValue: parts.clock },
    { provide: UNIT_OF_WORK, useValue: new PostgresUnitOfWork(parts.postgres, parts.clock) },
    {
      provide: METER_USE,
      useValue: {
        meterUse: (_db: unknown, id: string) =>
          Promise.resolve(neighbours.use.get(id) ?? { activeFeatures: 0, entitlements: 0 }),
        groupByKeysInUse: (_db: unknown, id: string) => Promise.resolve(neighbours.keysInUse.get(id) ?? []),
      },
    },
    {
      provide: SUBJECT_NAMES,
      useValue: {
        subjectNames: (_db: unknown, keys: readonly string[]) =>
          Promise.resolve(new Map([...neighbours.subjects].filter(([key]) => keys.includes(key)))),
      },
    },
    {
      provide: USAGE_ATTRIBUTION,
      useValue: {
        customersById: (_db: unknown, ids: readonly string[]) =>
          Promise.resolve(neighbours.customers.filter(({ id }) => ids.includes(id))),
        customerIdsOfSubjects: (_db: unknown, subjects: readonly string[]) =>
          Promise.resolve(
            new Map(
              neighbours.customers.flatMap(({ id, keys }) =>
                keys.filter((key) => subjects.includes(key)).map((key) => [key, id] as const),
              ),
            ),
          ),
      },
    },
  ];
  class Root {}
  return {
    module: Root,
    imports: [
      {
        module: class Platform {},
        global: true,
        providers,
        exports: providers.map(({ provide }) => provide),
      },
      MeteringModule,
    ],
  };
}
