import type { Kafka } from 'kafkajs';
import type { DataSource, EntitySchema } from 'typeorm';
import type { Registry } from 'prom-client';
import { RedisCache } from '../cache/redis-cache.js';
import { type ClickHouseClient, openClickHouse } from '../clickhouse/open-clickhouse.js';
import type { Config } from '../config/schema.js';
import { DueWorkRegistry } from '../due-work.js';
import { JobRegistry } from '../job-registry.js';
import { openKafka } from '../kafka/open-kafka.js';
import { openPostgres } from '../postgres/open-postgres.js';
import { BullMqJobQueue, type QueueOptions } from '../queue/bullmq-queue.js';
import { createLogger, type Logger } from '../telemetry/logger.js';
import { createMetrics } from '../telemetry/metrics.js';
import type { OutsideLane } from '../outside-lane.js';

/** The engines of one process, open. */
export interface Platform {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly postgres: DataSource;
  readonly clickhouse: ClickHouseClient;
  readonly kafka: Kafka;
  readonly queue: BullMqJobQueue;
  readonly cache: RedisCache;
  readonly jobs: JobRegistry;
  readonly dueWork: DueWorkRegistry;
  readonly outside: OutsideLane & { readonly queue: BullMqJobQueue };
  close(): Promise<void>;
}

export const queueOptionsOf = (config: Config, logger: Logger): QueueOptions => ({
  url: config.redis.url,
  keyPrefix: config.redis.keyPrefix,
  attemptsMax: config.billing.jobAttemptsMax,
  logger,
});

/** Opens what a billing process needs, or fails with the reason of the first engine that does not answer. */
export async function openPlatform(
  config: Config,
  service: string,
  rows: readonly EntitySchema[],
): Promise<Platform> {
  const logger = createLogger({ service, level: config.telemetry.logLevel });
  const postgres = await openPostgres({
    ...config.postgres,
    service,
    rows,
    onIdleError: (error) => logger.warn({ err: error }, 'an idle Postgres connection broke'),
  });
  const clickhouse = openClickHouse({ ...config.clickhouse, service });
  const queue = new BullMqJobQueue(queueOptionsOf(config, logger));
  const outside = new BullMqJobQueue({ ...queueOptionsOf(config, logger), name: 'outside' });
  const cache = new RedisCache({ ...config.redis, logger });
  return {
    config,
    logger,
    metrics: createMetrics(service),
    postgres,
    clickhouse,
    kafka: openKafka({ brokers: config.kafka.brokers, service, logger }),
    queue,
    cache,
    jobs: new JobRegistry(),
    dueWork: new DueWorkRegistry(),
    outside: { queue: outside, jobs: new JobRegistry(), dueWork: new DueWorkRegistry() },
    close: async () => {
      cache.close();
      await Promise.all([queue.close(), outside.close(), clickhouse.close(), postgres.destroy()]);
    },
  };
}
