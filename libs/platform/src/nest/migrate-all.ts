import { openClickHouse } from '../clickhouse/open-clickhouse.js';
import type { Config } from '../config/schema.js';
import { openKafka } from '../kafka/open-kafka.js';
import { ensureTopics } from '../kafka/topics.js';
import { migrate } from '../postgres/migrate.js';
import type { Migration } from '../postgres/read-migrations.js';
import type { Logger } from '../telemetry/logger.js';

export interface MigrateAllOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Other than those of all rooms only in tests. */
  readonly migrations?: readonly Migration[];
}

/** Brings Postgres, ClickHouse and the topics to what this version expects. Safe to run again and side by side. */
export async function migrateAll({ config, logger, migrations }: MigrateAllOptions): Promise<void> {
  const clickhouse = openClickHouse({ ...config.clickhouse, service: 'migrate' });
  try {
    const applied = await migrate({
      postgresUrl: config.postgres.url,
      clickhouse: async (query) => {
        await clickhouse.command({ query });
      },
      ...(migrations === undefined ? {} : { migrations }),
    });
    for (const name of applied) logger.info({ migration: name }, 'applied');
  } finally {
    await clickhouse.close();
  }
  const admin = openKafka({ brokers: config.kafka.brokers, service: 'migrate', logger }).admin();
  await admin.connect();
  try {
    const created = await ensureTopics(admin, {
      ...config.kafka,
      eventBytesMax: config.ingest.inflatedMaxBytes,
    });
    for (const topic of created) logger.info({ topic }, 'created');
  } finally {
    await admin.disconnect();
  }
}
