import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import {
  CHECK_BILLING_READINESS,
  INVOICING_APPS,
  InvoicingModule,
  REFUSE_CUSTOMER_DELETION,
} from '@ledgerline/invoicing';
import type { UnitOfWork } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import {
  CLICKHOUSE,
  CLOCK,
  CONFIG,
  DUE_WORK,
  DueWorkRegistry,
  JOB_QUEUE,
  JOB_REGISTRY,
  JobRegistry,
  POSTGRES,
  UNIT_OF_WORK,
} from '@ledgerline/platform';
import { type ClickHouseClient, openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrate, openPostgres, PostgresUnitOfWork } from '@ledgerline/platform/postgres';
import { InMemoryJobQueue } from '@ledgerline/platform/queue';
import { createLogger } from '@ledgerline/platform/telemetry';
import {
  BILLING_READINESS,
  ENTITLEMENT_VIEWS,
  ENTITLEMENT_WRITER,
  RefuseCustomerDeletion,
  RefuseFeatureArchival,
  ShowCustomerSubscriptions,
  SubscriptionsModule,
} from '@ledgerline/subscriptions';
import { fixedClock, type FixedClock, freePortBlock, isolated } from '@ledgerline/testkit';
import type { DynamicModule, Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { ProvidersModule } from '../src/providers.module.js';
import { BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS } from '../src/tokens.js';
import type { BootstrapSandbox } from '../src/use-cases/bootstrap-sandbox.js';

export interface Answer {
  readonly status: number;
  /** Specs look into it freely. */
  readonly body: any;
}

const firstAt = '2025-01-01T00:00:00Z';

/** All commercial rooms over HTTP on real engines, every reply held against the contract. No worker runs. */
export class BillingHttpWorld {
  private events = 0;

  private constructor(
    readonly postgres: DataSource,
    readonly clock: FixedClock,
    readonly unitOfWork: UnitOfWork,
    private readonly clickhouse: ClickHouseClient,
    private readonly url: string,
    private readonly app: NestFastifyApplication,
    private readonly release: () => Promise<void>,
  ) {}

  static async open(): Promise<BillingHttpWorld> {
    const corner = await isolated();
    const service = 'providers-spec';
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
    });
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 8, service });
    const release = async (): Promise<void> => {
      await clickhouse.close();
      await postgres.destroy();
      await corner.dispose();
    };
    const clock = Object.assign(fixedClock(firstAt), { refresh: () => Promise.resolve() });
    const unitOfWork = new PostgresUnitOfWork(postgres, clock);
    try {
      const engines = [
        { provide: CONFIG, useValue: loadConfig({ env: {} }) },
        { provide: POSTGRES, useValue: postgres },
        { provide: CLICKHOUSE, useValue: clickhouse },
        { provide: CLOCK, useValue: clock },
        { provide: UNIT_OF_WORK, useValue: unitOfWork },
        { provide: JOB_QUEUE, useValue: new InMemoryJobQueue() },
        { provide: JOB_REGISTRY, useValue: new JobRegistry() },
        { provide: DUE_WORK, useValue: new DueWorkRegistry() },
      ];
      const app = await createHttpApp(rootModule(engines), {
        logger: createLogger({ service, level: 'fatal' }),
        bodyMaxBytes: 1_048_576,
        clock,
        validateReplies: true,
      });
      await app.listen({ host: '127.0.0.1', port: await freePortBlock(1) });
      const url = await app.getUrl();
      return new BillingHttpWorld(postgres, clock, unitOfWork, clickhouse, url, app, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  get bootstrap(): BootstrapSandbox {
    return this.app.get<BootstrapSandbox>(BOOTSTRAP_SANDBOX, { strict: false });
  }

  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const reply = await fetch(`${this.url}/api${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** The answer's body; throws what was refused. */
  async ok(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer['body']> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A stored usage event, as the sink would have written it. */
  async used(subject: string, at: string, value: number): Promise<void> {
    this.events += 1;
    const stored = at.replace('T', ' ').replace('Z', '');
    await this.clickhouse.insert({
      table: 'events',
      format: 'JSONEachRow',
      values: [
        {
          namespace: 'default',
          id: `e${this.events}`,
          source: 'spec',
          type: 'request',
          subject,
          time: stored,
          data: JSON.stringify({ value }),
          has_data: 1,
          ingested_at: stored,
          stored_at: stored,
          status: 'ok',
          kafka_partition: 0,
          kafka_offset: this.events,
          index_in_record: 0,
          fingerprint: this.events,
          batch_month: 202501,
        },
      ],
    });
  }
}

function rootModule(engines: readonly { provide: symbol; useValue: unknown }[]) {
  const rooms = [
    MeteringModule,
    CustomersModule,
    CatalogModule,
    SubscriptionsModule,
    InvoicingModule,
    ProvidersModule,
  ];
  const none = { describe: () => Promise.resolve(new Map()), countOnMeter: () => Promise.resolve(0) };
  const answers: (Provider & { provide: symbol })[] = [
    { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
    { provide: METER_USE, useExisting: LookUpMeterUse },
    { provide: FEATURE_REFERENCES, useExisting: RefuseFeatureArchival },
    { provide: METER_ENTITLEMENTS, useValue: none },
    { provide: CUSTOMER_SUBSCRIPTIONS, useExisting: ShowCustomerSubscriptions },
    {
      provide: CUSTOMER_DELETION_GUARDS,
      inject: [RefuseCustomerDeletion, REFUSE_CUSTOMER_DELETION],
      useFactory: (...guards: unknown[]) => guards,
    },
    // Entitlements have nothing to do with money here.
    { provide: ENTITLEMENT_WRITER, useValue: none },
    { provide: ENTITLEMENT_VIEWS, useValue: none },
    { provide: BILLING_READINESS, useExisting: CHECK_BILLING_READINESS },
    { provide: INVOICING_APPS, useExisting: INVOICE_THROUGH_APPS },
  ];
  const platform: DynamicModule = {
    module: class Platform {},
    global: true,
    providers: [...engines],
    exports: engines.map(({ provide }) => provide),
  };
  const ports: DynamicModule = {
    module: class Ports {},
    global: true,
    imports: rooms,
    providers: answers,
    exports: answers.map(({ provide }) => provide),
  };
  return { module: class Root {}, imports: [platform, ...rooms, ports] };
}
