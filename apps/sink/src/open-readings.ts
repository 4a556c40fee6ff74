import { type BuildReadings, openReadingsBuilder } from '@ledgerline/metering';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { Config } from '@ledgerline/platform/config';
import { openPostgres } from '@ledgerline/platform/postgres';
import type { Logger } from '@ledgerline/platform/telemetry';
import type { Readings } from './start-sink.js';

// One for the lock, one for the meters' versions, one to spare.
const poolMax = 3;

type Postgres = Awaited<ReturnType<typeof openPostgres>>;

/**
 * The metering room's builder. It needs Postgres to know the meters, so it connects when it is first called: without
 * Postgres readings wait, and events are stored all the same.
 */
export function openReadings(config: Config, clickhouse: ClickHouseClient, logger: Logger): Readings {
  let postgres: Postgres | undefined;
  let builder: BuildReadings | undefined;
  return {
    advance: async () => {
      postgres ??= await openPostgres({
        url: config.postgres.url,
        poolMax,
        service: 'sink',
        onIdleError: (error) => logger.warn({ err: error }, 'an idle Postgres connection broke'),
      });
      builder ??= openReadingsBuilder({ clickhouse, postgres, partitions: config.kafka.partitions });
      await builder.advance();
    },
    stop: () => builder?.close(),
    close: async () => {
      await postgres?.destroy();
    },
  };
}
