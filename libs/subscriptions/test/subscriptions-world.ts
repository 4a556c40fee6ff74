import { CatalogModule, FEATURE_REFERENCES, LookUpMeterUse, METER_ENTITLEMENTS } from '@ledgerline/catalog';
import {
  CUSTOMER_DELETION_GUARDS,
  CUSTOMER_SUBSCRIPTIONS,
  CustomersModule,
  LookUpUsageAttribution,
} from '@ledgerline/customers';
import { type Instant, newId, type Refusal, refusal } from '@ledgerline/kernel';
import { METER_USE, MeteringModule, USAGE_ATTRIBUTION } from '@ledgerline/metering';
import { CLICKHOUSE, CLOCK, CONFIG, POSTGRES, UNIT_OF_WORK } from '@ledgerline/platform';
import { openClickHouse } from '@ledgerline/platform/clickhouse';
import { loadConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrate, openPostgres, PostgresUnitOfWork, readMigrations } from '@ledgerline/platform/postgres';
import { createLogger } from '@ledgerline/platform/telemetry';
import { fixedClock, type FixedClock, freePortBlock, isolated } from '@ledgerline/testkit';
import type { DynamicModule, Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import type { EntitlementViews, EntitlementWriter, ItemEntitlement } from '../src/core/ports.js';
import { ShowCustomerSubscriptions } from '../src/http/show-customer-subscriptions.js';
import { SubscriptionsModule } from '../src/subscriptions.module.js';
import { BILLING_READINESS, ENTITLEMENT_VIEWS, ENTITLEMENT_WRITER } from '../src/tokens.js';
import { RefuseCustomerDeletion } from '../src/use-cases/refuse-customer-deletion.js';
import { RefuseFeatureArchival } from '../src/use-cases/refuse-feature-archival.js';

export interface Answer {
  readonly status: number;
  /** Specs look into it freely. */
  readonly body: any;
}

/** Entitlements as the room next door would keep them, and what it and invoicing refuse. */
export class Neighbours implements EntitlementWriter, EntitlementViews {
  readonly entitlements = new Map<string, ItemEntitlement>();
  refuseEntitlement: Refusal | undefined;
  notReady: Refusal | undefined;

  createForItem(_tx: unknown, item: ItemEntitlement) {
    if (this.refuseEntitlement !== undefined) return Promise.resolve({ refused: this.refuseEntitlement });
    const entitlementId = newId();
    this.entitlements.set(entitlementId, item);
    return Promise.resolve({ accepted: { entitlementId } });
  }

  endForItem(_tx: unknown, id: string, at: Instant | undefined): Promise<undefined> {
    const found = this.entitlements.get(id);
    if (found === undefined) throw new Error(`no entitlement ${id}`);
    this.entitlements.set(id, { ...found, activeTo: at });
    return Promise.resolve(undefined);
  }

  describe(): ReturnType<EntitlementViews['describe']> {
    return Promise.resolve(new Map());
  }

  readonly readiness = { check: (): Promise<Refusal | undefined> => Promise.resolve(this.notReady) };

  reset(): void {
    this.entitlements.clear();
    this.refuseEntitlement = undefined;
    this.notReady = undefined;
  }
}

const rooms = ['platform', 'sink', 'customers', 'metering', 'catalog', 'subscriptions'];

/** Subscriptions and the rooms below on real engines; entitlements and invoicing are neighbours in memory. */
export class SubscriptionsWorld {
  private constructor(
    readonly postgres: DataSource,
    readonly clock: FixedClock,
    readonly neighbours: Neighbours,
    private readonly url: string,
    private readonly app: NestFastifyApplication,
    private readonly release: () => Promise<void>,
  ) {}

  static async open(now = '2025-01-01T00:00:00Z'): Promise<SubscriptionsWorld> {
    const corner = await isolated();
    const service = 'subscriptions-spec';
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
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 8, service });
    const release = async (): Promise<void> => {
      await clickhouse.close();
      await postgres.destroy();
      await corner.dispose();
    };
    const clock = Object.assign(fixedClock(now), { refresh: () => Promise.resolve() });
    const neighbours = new Neighbours();
    try {
      const engines = [
        { provide: CONFIG, useValue: loadConfig({ env: {} }) },
        { provide: POSTGRES, useValue: postgres },
        { provide: CLICKHOUSE, useValue: clickhouse },
        { provide: CLOCK, useValue: clock },
        { provide: UNIT_OF_WORK, useValue: new PostgresUnitOfWork(postgres, clock) },
      ];
      const app = await createHttpApp(rootModule(engines, neighbours), {
        logger: createLogger({ service, level: 'fatal' }),
        bodyMaxBytes: 1_048_576,
        clock,
        validateReplies: true,
      });
      await app.listen({ host: '127.0.0.1', port: await freePortBlock(1) });
      return new SubscriptionsWorld(postgres, clock, neighbours, await app.getUrl(), app, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  async call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    const reply = await fetch(`${this.url}/api/v1${path}`, {
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

  async factsOf(stream: string): Promise<{ type: string; data: unknown }[]> {
    return this.postgres.query('SELECT type, data FROM journal WHERE stream = $1 ORDER BY version', [stream]);
  }
}

export const refuseAsConflict = refusal.conflict('an entitlement of the feature exists already');

function rootModule(engines: readonly { provide: symbol; useValue: unknown }[], neighbours: Neighbours) {
  const rooms = [MeteringModule, CustomersModule, CatalogModule, SubscriptionsModule];
  const answers: (Provider & { provide: symbol })[] = [
    { provide: USAGE_ATTRIBUTION, useExisting: LookUpUsageAttribution },
    { provide: METER_USE, useExisting: LookUpMeterUse },
    { provide: FEATURE_REFERENCES, useExisting: RefuseFeatureArchival },
    { provide: METER_ENTITLEMENTS, useValue: { countOnMeter: () => Promise.resolve(0) } },
    { provide: CUSTOMER_SUBSCRIPTIONS, useExisting: ShowCustomerSubscriptions },
    {
      provide: CUSTOMER_DELETION_GUARDS,
      inject: [RefuseCustomerDeletion],
      useFactory: (guard: RefuseCustomerDeletion) => [guard],
    },
    { provide: ENTITLEMENT_WRITER, useValue: neighbours },
    { provide: ENTITLEMENT_VIEWS, useValue: neighbours },
    { provide: BILLING_READINESS, useValue: neighbours.readiness },
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
