import type { Refusal, UnitOfWork } from '@ledgerline/kernel';
import { CLOCK, UNIT_OF_WORK } from '@ledgerline/platform';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrate, openPostgres, PostgresUnitOfWork, readMigrations } from '@ledgerline/platform/postgres';
import { createLogger } from '@ledgerline/platform/telemetry';
import { fixedClock, type FixedClock, freePortBlock, isolated } from '@ledgerline/testkit';
import { type DynamicModule, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import type { ActiveSubscriptions, Customers } from '../src/core/ports.js';
import { CustomersModule } from '../src/customers.module.js';
import { CUSTOMER_DELETION_GUARDS, CUSTOMER_SUBSCRIPTIONS, CUSTOMERS } from '../src/tokens.js';
import { LookUpSubjectNames } from '../src/use-cases/look-up-subject-names.js';
import { LookUpUsageAttribution } from '../src/use-cases/look-up-usage-attribution.js';

export interface Answer {
  readonly status: number;
  readonly body: any;
}

/** What the rooms above would say; a spec sets it. */
export interface Neighbours {
  readonly active: Map<string, ActiveSubscriptions>;
  readonly onPlan: Map<string, readonly string[]>;
  /** One list per guard, by customer. */
  readonly objections: readonly Map<string, Refusal>[];
}

interface Parts {
  readonly postgres: DataSource;
  readonly clock: FixedClock;
  readonly neighbours: Neighbours;
  readonly unitOfWork: UnitOfWork;
}

@Module({})
class Neighbourhood {}
@Module({})
class Root {}

/** The customers room over HTTP with a database of its own. */
export class CustomersWorld {
  private constructor(
    private readonly parts: Parts,
    private readonly app: NestFastifyApplication,
    private readonly url: string,
    private readonly release: () => Promise<void>,
  ) {}

  get postgres(): DataSource {
    return this.parts.postgres;
  }

  get clock(): FixedClock {
    return this.parts.clock;
  }

  get neighbours(): Neighbours {
    return this.parts.neighbours;
  }

  get unitOfWork(): UnitOfWork {
    return this.parts.unitOfWork;
  }

  static async open(): Promise<CustomersWorld> {
    const corner = await isolated();
    const service = 'customers-spec';
    await migrate({
      postgresUrl: corner.postgresUrl,
      migrations: readMigrations().filter(({ room }) => room === 'platform' || room === 'customers'),
    });
    const postgres = await openPostgres({ url: corner.postgresUrl, poolMax: 12, service });
    const clock = Object.assign(fixedClock('2025-06-15T12:00:30Z'), { refresh: () => Promise.resolve() });
    const neighbours: Neighbours = {
      active: new Map(),
      onPlan: new Map(),
      objections: [new Map(), new Map()],
    };
    const unitOfWork = new PostgresUnitOfWork(postgres, clock);
    const parts = { postgres, clock, neighbours, unitOfWork };
    const release = async (): Promise<void> => {
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
      return new CustomersWorld(parts, app, await app.getUrl(), release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  get customers(): Customers {
    return this.app.get<Customers>(CUSTOMERS);
  }

  get subjectNames(): LookUpSubjectNames {
    return this.app.get(LookUpSubjectNames);
  }

  get attribution(): LookUpUsageAttribution {
    return this.app.get(LookUpUsageAttribution);
  }

  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
    return this.callAt(`/api/v1/customers${path}`, method, body);
  }

  async callAt(path: string, method: string, body?: unknown): Promise<Answer> {
    const reply = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  async create(body: Record<string, unknown>): Promise<{ id: string; [property: string]: unknown }> {
    const answer = await this.call('POST', '', { name: 'a customer', ...body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  }
}

function rootModule(parts: Parts): DynamicModule {
  const { active, onPlan, objections } = parts.neighbours;
  const providers = [
    { provide: CLOCK, useValue: parts.clock },
    { provide: UNIT_OF_WORK, useValue: parts.unitOfWork },
    {
      provide: CUSTOMER_SUBSCRIPTIONS,
      useValue: {
        activeOf: () => Promise.resolve(active),
        customerIdsOnPlan: (_db: unknown, key: string) => Promise.resolve(onPlan.get(key) ?? []),
      },
    },
    {
      provide: CUSTOMER_DELETION_GUARDS,
      useValue: objections.map((ofGuard) => ({
        check: (_db: unknown, { id }: { id: string }) => Promise.resolve(ofGuard.get(id)),
      })),
    },
  ];
  return {
    module: Root,
    imports: [
      {
        module: Neighbourhood,
        global: true,
        providers,
        exports: providers.map(({ provide }) => provide),
      },
      CustomersModule,
    ],
  };
}
