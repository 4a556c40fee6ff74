import { newId, systemClock } from '@ledgerline/kernel';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { setTimeout as pause } from 'node:timers/promises';
import type { Platform } from '@ledgerline/platform/nest';
import { ClickHouseReadingsStore } from './store/clickhouse-readings-store.js';
import { PostgresBuilderLock } from './store/postgres-builder-lock.js';
import { PostgresMeterVersionStore } from './store/postgres-meter-version-store.js';
import { BuildReadings } from './use-cases/build-readings.js';

// Longer than the store lets one insert run (60 s).
const takeoverWaitMs = 90_000;

/** The builder of readings on open engines, for the sink's main. `partitions` are those of the topic. */
export const openReadingsBuilder = (engines: {
  readonly clickhouse: ClickHouseClient;
  readonly postgres: Platform['postgres'];
  readonly partitions: number;
}): BuildReadings =>
  new BuildReadings(
    {
      readings: new ClickHouseReadingsStore(engines.clickhouse),
      versions: new PostgresMeterVersionStore(engines.postgres),
      lock: new PostgresBuilderLock(engines.postgres, newId()),
      // Names the month of parts, which is storage's business: never the virtual clock.
      clock: systemClock,
    },
    { partitions: engines.partitions, takeoverWaitMs, pause: (ms) => pause(ms) },
  );
