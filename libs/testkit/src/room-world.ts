import type { UnitOfWork } from '@ledgerline/kernel';
import { UNIT_OF_WORK } from '@ledgerline/platform';
import { loadConfig } from '@ledgerline/platform/config';
import { createHttpApp } from '@ledgerline/platform/http';
import { migrateAll, openPlatform, type Platform, PlatformModule } from '@ledgerline/platform/nest';
import { newSealingKey } from '@ledgerline/platform/secrets';
import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EntitySchema } from 'typeorm';
import { fixedClock, type FixedClock } from './clock.js';
import { isolated } from './isolated.js';
import { freePortBlock } from '@ledgerline/embedded';

export interface RoomWorldOptions {
  readonly service: string;
  /** Where the world's clock stands. */
  readonly now: string;
  /** The rooms' modules. */
  readonly modules: NonNullable<ModuleMetadata['imports']>;
  /** What ties the rooms' ports together; a port of a room that is not there gets a plain answer here. */
  readonly joints: readonly Provider[];
  readonly rows?: readonly EntitySchema[];
  /** Settings beside those that lead to the engines. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: any; // tidy: whatever the service answered; the spec says what it must be
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Rooms over HTTP, on a corner of the real engines with every table made, under a clock that stands still. */
export class RoomWorld {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly platform: Platform,
    readonly clock: FixedClock,
    private readonly url: string,
    private readonly release: () => Promise<void>,
  ) {}

  static async open(options: RoomWorldOptions): Promise<RoomWorld> {
    const corner = await isolated();
    const config = loadConfig({
      env: {
        LEDGERLINE_INSTANCE_PORT: String(await freePortBlock(12)),
        LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
        LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
        LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
        LEDGERLINE_KAFKA_BROKERS: corner.kafkaBrokers.join(','),
        LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
        LEDGERLINE_REDIS_URL: corner.redisUrl,
        LEDGERLINE_REDIS_KEY_PREFIX: corner.redisPrefix,
        LEDGERLINE_TELEMETRY_LOG_LEVEL: 'fatal',
        LEDGERLINE_SECRETS_KEYS: newSealingKey(),
        ...options.env,
      },
    });
    const clock = Object.assign(fixedClock(options.now), { refresh: () => Promise.resolve() });
    const platform = await openPlatform(config, options.service, options.rows ?? []);
    const release = async (): Promise<void> => {
      await platform.close();
      await corner.dispose();
    };
    try {
      await migrateAll({ config, logger: platform.logger });
      const app = await createHttpApp(rootOf(options, PlatformModule.forRoot(platform, clock)), {
        logger: platform.logger,
        bodyMaxBytes: config.billing.bodyMaxBytes,
        clock,
        validateReplies: true,
      });
      await app.listen({ host: '127.0.0.1', port: config.billing.port });
      return new RoomWorld(app, platform, clock, await app.getUrl(), release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.release();
  }

  get unitOfWork(): UnitOfWork {
    return this.app.get<UnitOfWork>(UNIT_OF_WORK);
  }

  async call(
    method: Method,
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
  async done(method: Method, path: string, body?: unknown): Promise<any> /* tidy: as Answer */ {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

@Module({})
class Root {}
@Module({})
class Joints {}

function rootOf({ modules, joints }: RoomWorldOptions, platform: DynamicModule): DynamicModule {
  const exported = joints.flatMap((provider) => ('provide' in provider ? [provider.provide] : []));
  return {
    module: Root,
    imports: [
      platform,
      { module: Joints, global: true, imports: modules, providers: [...joints], exports: exported },
      ...modules,
    ],
  };
}
