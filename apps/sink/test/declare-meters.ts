import { systemClock } from '@ledgerline/kernel';
import {
  DECLARE_METERS,
  type DeclareMeters,
  METER_USE,
  MeteringModule,
  USAGE_ATTRIBUTION,
} from '@ledgerline/metering';
import { CLICKHOUSE, CLOCK, CONFIG, POSTGRES, UNIT_OF_WORK } from '@ledgerline/platform';
import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import { loadConfig, type MeterConfig } from '@ledgerline/platform/config';
import { openPostgres, PostgresUnitOfWork } from '@ledgerline/platform/postgres';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Module({})
class Platform {}

@Module({})
class Root {}

/** Makes meters as a start with a configuration file does, so that the sink has something to build readings for. */
export async function declareMeters(
  clickhouse: ClickHouseClient,
  postgresUrl: string,
  meters: readonly MeterConfig[],
): Promise<void> {
  const postgres = await openPostgres({ url: postgresUrl, poolMax: 2, service: 'crash' });
  const clock = { ...systemClock, refresh: () => Promise.resolve() };
  const provide: readonly (readonly [symbol, unknown])[] = [
    [CONFIG, loadConfig({ env: {} })],
    [POSTGRES, postgres],
    [CLICKHOUSE, clickhouse],
    [CLOCK, clock],
    [UNIT_OF_WORK, new PostgresUnitOfWork(postgres, clock)],
    // Nobody uses a meter yet, and no customer owns a subject.
    [METER_USE, { meterUse: () => Promise.resolve({ activeFeatures: 0, entitlements: 0 }) }],
    [USAGE_ATTRIBUTION, { customersById: () => Promise.resolve([]) }],
  ];
  const platform = {
    module: Platform,
    global: true,
    providers: provide.map(([token, useValue]) => ({ provide: token, useValue })),
    exports: provide.map(([token]) => token),
  };
  const root = { module: Root, imports: [platform, MeteringModule] };
  Logger.overrideLogger(false);
  const context = await NestFactory.createApplicationContext(root);
  try {
    await context.get<DeclareMeters>(DECLARE_METERS, { strict: false }).run('default', meters);
  } finally {
    await context.close();
    if (postgres.isInitialized) await postgres.destroy();
  }
}
