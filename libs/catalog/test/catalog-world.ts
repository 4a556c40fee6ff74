import {
  type BuildReadings,
  type CustomerKeys,
  METER_USE,
  meteringRoom,
  openReadingsBuilder,
  SUBJECT_NAMES,
  USAGE_ATTRIBUTION,
} from '@ledgerline/metering';
import { CACHE, CLICKHOUSE, CLOCK, CONFIG, METRICS, POSTGRES, UNIT_OF_WORK } from '@ledgerline/platform';
import { RedisCache } from '@ledgerline/platform/cache';
import { type ClickHouseClient, openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrate, openPostgres, PostgresUnitOfWork, readMigrations } from '@ledgerline/platform/postgres';
import { createLogger } from '@ledgerline/platform/telemetry';
import { fixedClock, type FixedClock, freePortBlock, isolated } from '@ledgerline/testkit';
import { type Refusal, refusal } from '@ledgerline/kernel';
import type { DynamicModule, Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { CatalogModule } from '../src/catalog.module.js';
import { FEATURE_REFERENCES, METER_ENTITLEMENTS } from '../src/tokens.js';
import { LookUpMeterUse } from '../src/use-cases/look-up-meter-use.js';

export interface Answer {
  readonly status: number;
  /** Specs look into it freely. */
  readonly body: any;
}

/** What the rooms above would answer; a spec sets it. */
export interface Neighbours {
  readonly subscribedFeatures: Set<string>;
  readonly entitlementsOnMeter: Map<string, number>;
  readonly customers: CustomerKeys[];
}

export interface TestEvent {
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly data?: unknown;
}

const partitions = 4;

/** Catalog and metering on real engines: a database of their own, HTTP on a free port. */
export class CatalogWorld {
  private events = 0;

  private constructor(
    readonly postgres: DataSource,
    readonly clock: FixedClock,
    readonly neighbours: Neighbours,
    readonly builder: BuildReadings,
    private readonly clickhouse: ClickHouseClient,
    private readonly url: string,
    private readonly app: NestFastifyApplication,
    private readonly release: () => Promise<void>,
  ) {}

  static async open(now = '2025-06-15T12:00:00Z'): Promise<CatalogWorld> {
    const corner = await isolated();
    const service = 'catalog-spec';
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
      migrations: readMigrations().filter(({ room }) =>
        ['platform', 'sink', 'metering', 'catalog'].includes(room),
      ),
    });
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 8, service });
    const logger = createLogger({ service, level: 'fatal' });
    const cache = new RedisCache({ url: corner.redisUrl, keyPrefix: corner.redisPrefix, logger });
    const release = async (): Promise<void> => {
      cache.close();
      await clickhouse.close();
      await postgres.destroy();
      await corner.dispose();
    };
    const clock = Object.assign(fixedClock(now), { refresh: () => Promise.resolve() });
    const neighbours: Neighbours = {
      subscribedFeatures: new Set(),
      entitlementsOnMeter: new Map(),
      customers: [],
    };
    try {
      const engines = [
        {
          provide: CONFIG,
          useValue: loadConfig({ env: { LEDGERLINE_KAFKA_PARTITIONS: String(partitions) } }),
        },
        { provide: POSTGRES, useValue: postgres },
        { provide: CLICKHOUSE, useValue: clickhouse },
        { provide: CACHE, useValue: cache },
        { provide: METRICS, useValue: new Registry() },
        { provide: CLOCK, useValue: clock },
        { provide: UNIT_OF_WORK, useValue: new PostgresUnitOfWork(postgres, clock) },
      ];
      const app = await createHttpApp(rootModule(engines, neighbours), {
        logger,
        bodyMaxBytes: 1_048_576,
        clock,
        validateReplies: true,
      });
      await app.listen({ host: '127.0.0.1', port: await freePortBlock(1) });
      const builder = openReadingsBuilder({ clickhouse, postgres, partitions });
      const url = await app.getUrl();
      return new CatalogWorld(postgres, clock, neighbours, builder, clickhouse, url, app, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const reply = await fetch(`${this.url}${path.startsWith('/api/') ? path : `/api/v1${path}`}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** The answer's body; throws what was refused. */
  async create(path: string, body?: unknown): Promise<Answer['body']> {
    const answer = await this.call('POST', path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Events as the sink would store them, in one batch. */
  async store(events: readonly TestEvent[]): Promise<void> {
    const rows = events.map((event) => {
      this.events += 1;
      const at = '2025-06-15 12:00:00.000';
      return {
        namespace: 'default',
        id: `e${this.events}`,
        source: 'spec',
        type: event.type,
        subject: event.subject ?? 's1',
        time: event.time.replace('T', ' ').replace('Z', ''),
        data: event.data === undefined ? '' : JSON.stringify(event.data),
        data_sent: '',
        has_data: event.data === undefined ? 0 : 1,
        ingested_at: at,
        stored_at: at,
        status: 'ok',
        reason: '',
        kafka_partition: 0,
        kafka_offset: this.events,
        index_in_record: 0,
        fingerprint: String(this.events),
        batch_month: 202506,
      };
    });
    await this.clickhouse.insert({ table: 'events', values: rows, format: 'JSONEachRow' });
  }

  /** Types of a stream's facts, in order. */
  async factsOf(stream: string): Promise<string[]> {
    const rows: { type: string }[] = await this.postgres.query(
      'SELECT type FROM journal WHERE stream = $1 ORDER BY version',
      [stream],
    );
    return rows.map(({ type }) => type);
  }
}

function rootModule(engines: readonly { provide: symbol; useValue: unknown }[], neighbours: Neighbours) {
  const answers: Provider[] = [
    {
      provide: USAGE_ATTRIBUTION,
      useValue: {
        customersById: (_db: unknown, ids: readonly string[]) =>
          Promise.resolve(neighbours.customers.filter(({ id }) => ids.includes(id))),
        customerIdsOfSubjects: () => Promise.resolve(new Map()),
      },
    },
    { provide: SUBJECT_NAMES, useValue: { subjectNames: () => Promise.resolve(new Map()) } },
    { provide: METER_USE, useExisting: LookUpMeterUse },
    {
      provide: FEATURE_REFERENCES,
      useValue: {
        check: (_db: unknown, { key }: { key: string }): Promise<Refusal | undefined> =>
          Promise.resolve(
            neighbours.subscribedFeatures.has(key) ? refusal.invalid(`${key} is subscribed to`) : undefined,
          ),
      },
    },
    {
      provide: METER_ENTITLEMENTS,
      useValue: {
        countOnMeter: (_db: unknown, meterId: string) =>
          Promise.resolve(neighbours.entitlementsOnMeter.get(meterId) ?? 0),
      },
    },
  ];
  const ports: DynamicModule = {
    module: class Ports {},
    global: true,
    imports: [CatalogModule],
    providers: answers,
    exports: [USAGE_ATTRIBUTION, SUBJECT_NAMES, METER_USE, FEATURE_REFERENCES, METER_ENTITLEMENTS],
  };
  const platform: DynamicModule = {
    module: class Platform {},
    global: true,
    providers: [...engines],
    exports: engines.map(({ provide }) => provide),
  };
  return { module: class Root {}, imports: [platform, meteringRoom.module, CatalogModule, ports] };
}
