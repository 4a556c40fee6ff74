import { type BuildReadings, openReadingsBuilder, openRetention } from '@ledgerline/metering';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { Config } from '@ledgerline/platform/config';
import { openPostgres } from '@ledgerline/platform/postgres';
import type { Logger } from '@ledgerline/platform/telemetry';
import type { Readings } from './start-sink.js';

// One for the lock, one for the meters' versions, one to spare.
const poolMax = 3;
const dayMs = 24 * 60 * 60 * 1000;

type Postgres = Awaited<ReturnType<typeof openPostgres>>;

/**
 * The metering room's builder. It needs Postgres to know the meters, so it connects when it is first called: without
 * Postgres readings wait, and events are stored all the same.
 */
export function openReadings(config: Config, clickhouse: ClickHouseClient, logger: Logger): Readings {
  let opening: Promise<Postgres> | undefined;
  let builder: BuildReadings | undefined;
  let retain: ReturnType<typeof openRetention> | undefined;
  const connect = async (): Promise<Postgres> => {
    opening ??= openPostgres({
      url: config.postgres.url,
      poolMax,
      service: 'sink',
      onIdleError: (error) => logger.warn({ err: error }, 'an idle Postgres connection broke'),
    });
    try {
      return await opening;
    } catch (error) {
      opening = undefined; // the next run tries again
      throw error;
    }
  };
  return {
    advance: async () => {
      const postgres = await connect();
      builder ??= openReadingsBuilder({ clickhouse, postgres, partitions: config.kafka.partitions });
      await builder.advance();
    },
    retain: async (nowMs) => {
      const postgres = await connect();
      retain ??= openRetention(
        { clickhouse, postgres },
        {
          ...config.retention,
          dedupeWindowMs: config.sink.dedupeDays * dayMs,
          virtualTime: config.clock.mode === 'virtual',
        },
      );
      return retain(nowMs);
    },
    stop: () => builder?.close(),
    close: async () => {
      await (await opening)?.destroy();
    },
  };
}
