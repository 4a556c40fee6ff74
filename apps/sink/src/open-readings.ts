import { newId, systemClock } from '@ledgerline/kernel';
import {
  BuildReadings,
  ClickHouseReadingsStore,
  PostgresBuilderLock,
  PostgresMeterVersionStore,
} from '@ledgerline/metering';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { Config } from '@ledgerline/platform/config';
import { openPostgres } from '@ledgerline/platform/postgres';
import type { Logger } from '@ledgerline/platform/telemetry';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readings } from './start-sink.js';

// One for the lock, one for the meters' versions, one to spare.
const poolMax = 3;
const takeoverWaitMs = 150_000; // longer than the store lets one insert of readings run

type Postgres = Awaited<ReturnType<typeof openPostgres>>;

/**
 * The metering room's builder. It needs Postgres to know the meters, so it connects when it is first called: without
 * Postgres readings wait, and events are stored all the same.
 */
export function openReadings(config: Config, clickhouse: ClickHouseClient, logger: Logger): Readings {
  let postgres: Postgres | undefined;
  let builder: BuildReadings | undefined;
  const open = async (): Promise<BuildReadings> => {
    postgres ??= await openPostgres({
      url: config.postgres.url,
      poolMax,
      service: 'sink',
      onIdleError: (error) => logger.warn({ err: error }, 'an idle Postgres connection broke'),
    });
    return new BuildReadings(
      {
        readings: new ClickHouseReadingsStore(clickhouse),
        versions: new PostgresMeterVersionStore(postgres),
        lock: new PostgresBuilderLock(postgres, newId()),
        clock: systemClock,
      },
      { partitions: config.kafka.partitions, takeoverWaitMs, pause: (ms) => delay(ms) },
    );
  };
  return {
    advance: async () => {
      builder ??= await open();
      await builder.advance();
    },
    stop: () => builder?.close(),
    close: async () => {
      await postgres?.destroy();
    },
  };
}
