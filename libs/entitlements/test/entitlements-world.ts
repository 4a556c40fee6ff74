import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import type { UnitOfWork } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import { CLICKHOUSE, CLOCK, CONFIG, POSTGRES, UNIT_OF_WORK } from '@ledgerline/platform';
import { type ClickHouseClient, openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrate, openPostgres, PostgresUnitOfWork, readMigrations } from '@ledgerline/platform/postgres';
import { createLogger } from '@ledgerline/platform/telemetry';
import { fixedClock, type FixedClock, freePortBlock, isolated } from '@ledgerline/testkit';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { EntitlementsModule } from '../src/entitlements.module.js';
import { GuardDeletions } from '../src/use-cases/guard-deletions.js';
import { WriteForSubscription } from '../src/use-cases/write-for-subscription.js';

export interface Answer {
  readonly status: number;
  readonly body: any;
}

interface Parts {
  readonly clickhouse: ClickHouseClient;
  readonly postgres: DataSource;
  readonly clock: FixedClock;
  readonly unitOfWork: UnitOfWork;
}

const rooms = ['platform', 'sink', 'customers', 'metering', 'catalog', 'entitlements'];

@Module({})
class Neighbourhood {}
@Module({})
class Joints {}
@Module({})
class Root {}

/** Customers, metering, catalog and entitlements over HTTP on real engines; nobody subscribes here. */
export class EntitlementsWorld {
  private events = 0;

  private constructor(
    private readonly parts: Parts,
    private readonly app: NestFastifyApplication,
    private readonly url: string,
    private readonly release: () => Promise<void>,
  ) {}

  static async open(now: string): Promise<EntitlementsWorld> {
    const corner = await isolated();
    const service = 'entitlements-spec';
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
      migrations: readMigrations().filter(({ room }) => rooms.includes(room)),
    });
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 12, service });
    const clock = Object.assign(fixedClock(now), { refresh: () => Promise.resolve() });
    const parts = { clickhouse, postgres, clock, unitOfWork: new PostgresUnitOfWork(postgres, clock) };
    const release = async (): Promise<void> => {
      await clickhouse.close();
      await postgres.destroy();
      await corner.dispose();
    };
    try {
      const app = await createHttpApp(rootModule(parts), {
        logger: createLogger({ service, level: 'fatal' }),
        bodyMaxBytes: 1_048_576,
        clock,
        validateReplies: true,
      });
      await app.listen({ host: '127.0.0.1', port: await freePortBlock(1) });
      return new EntitlementsWorld(parts, app, await app.getUrl(), release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  get clock(): FixedClock {
    return this.parts.clock;
  }

  get postgres(): DataSource {
    return this.parts.postgres;
  }

  get unitOfWork(): UnitOfWork {
    return this.parts.unitOfWork;
  }

  get writer(): WriteForSubscription {
    return this.app.get(WriteForSubscription);
  }

  async call(
    method: 'GET' | 'POST' | 'DELETE' | 'PUT',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const reply = await fetch(`${this.url}/api${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** A call that must go well. */

  async done(method: 'GET' | 'POST' | 'DELETE' | 'PUT', path: string, body?: unknown): Promise<any> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A customer with one subject, and a feature that counts the requests of that name. */
  async setUp(name: string, aggregation = 'SUM'): Promise<{ customerId: string; featureId: string }> {
    await this.done('POST', '/v1/meters', {
      slug: name,
      eventType: name,
      aggregation,
      valueProperty: '$.value',
      groupBy: { model: '$.model' },
    });
    const feature = await this.done('POST', '/v1/features', { key: name, name, meterSlug: name });
    const customer = await this.done('POST', '/v1/customers', {
      name,
      key: `${name}-customer`,
      usageAttribution: { subjectKeys: [`${name}_subject`] },
    });
    return { customerId: customer.id, featureId: feature.id };
  }

  /** Stores events as the sink would. */
  async store(
    events: readonly {
      type: string;
      subject: string;
      time: string;
      value?: number | string;
      model?: string;
    }[],
  ): Promise<void> {
    const rows = events.map(({ type, subject, time, ...data }) => {
      const number = this.events;
      this.events += 1;
      const second = time.replace('T', ' ').replace('Z', '');
      return {
        namespace: 'default',
        id: `e${number}`,
        source: 'spec',
        type,
        subject,
        time: second,
        data: JSON.stringify(data),
        data_sent: '',
        has_data: 1,
        ingested_at: second,
        stored_at: second,
        status: 'ok',
        reason: '',
        kafka_partition: 0,
        kafka_offset: number,
        index_in_record: 0,
        fingerprint: String(number),
        batch_month: 202506,
      };
    });
    await this.parts.clickhouse.insert({ table: 'events', values: rows, format: 'JSONEachRow' });
  }
}

function rootModule({ clickhouse, postgres, clock, unitOfWork }: Parts): DynamicModule {
  const providers: readonly Provider[] = [
    { provide: CONFIG, useValue: loadConfig({ env: {} }) },
    { provide: POSTGRES, useValue: postgres },
    { provide: CLICKHOUSE, useValue: clickhouse },
    { provide: CLOCK, useValue: clock },
    { provide: UNIT_OF_WORK, useValue: unitOfWork },
    {
      provide: CUSTOMER_SUBSCRIPTIONS,
      useValue: {
        activeOf: () => Promise.resolve(new Map()),
        customerIdsOnPlan: () => Promise.resolve([]),
      },
    },
    { provide: FEATURE_REFERENCES, useValue: { check: () => Promise.resolve(undefined) } },
  ];
  const joints: readonly Provider[] = [
    {
      provide: CUSTOMER_DELETION_GUARDS,
      inject: [GuardDeletions],
      useFactory: (guard: GuardDeletions) => [guard],
    },
    { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
    { provide: METER_USE, useExisting: LookUpMeterUse },
    { provide: METER_ENTITLEMENTS, useExisting: GuardDeletions },
  ];
  const modules = [CustomersModule, MeteringModule, CatalogModule, EntitlementsModule];
  return {
    module: Root,
    imports: [
      globally(Neighbourhood, providers),
      { ...globally(Joints, joints), imports: modules },
      ...modules,
    ],
  };
}

function globally(module: DynamicModule['module'], providers: readonly Provider[]): DynamicModule {
  const exported = providers.flatMap((provider) => ('provide' in provider ? [provider.provide] : []));
  return { module, global: true, providers: [...providers], exports: exported };
}
