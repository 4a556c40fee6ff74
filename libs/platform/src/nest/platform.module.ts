import type { UnitOfWork } from '@ledgerline/kernel';
import { type DynamicModule, Module } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { LiveClock } from '../live-clock.js';
import { PostgresUnitOfWork } from '../postgres/unit-of-work.js';
import {
  CACHE,
  CLICKHOUSE,
  CLOCK,
  CONFIG,
  DUE_WORK,
  JOB_QUEUE,
  JOB_REGISTRY,
  KAFKA,
  LOGGER,
  METRICS,
  OUTSIDE_LANE,
  POSTGRES,
  UNIT_OF_WORK,
} from '../tokens.js';
import type { Platform } from './open-platform.js';

/** Makes the open engines injectable in every room. */
@Module({})
export class PlatformModule {
  static forRoot(platform: Platform, clock: LiveClock): DynamicModule {
    const providers = [
      { provide: CONFIG, useValue: platform.config },
      { provide: LOGGER, useValue: platform.logger },
      { provide: METRICS, useValue: platform.metrics },
      { provide: POSTGRES, useValue: platform.postgres },
      { provide: CLICKHOUSE, useValue: platform.clickhouse },
      { provide: KAFKA, useValue: platform.kafka },
      { provide: CACHE, useValue: platform.cache },
      { provide: JOB_QUEUE, useValue: platform.queue },
      { provide: JOB_REGISTRY, useValue: platform.jobs },
      { provide: DUE_WORK, useValue: platform.dueWork },
      { provide: OUTSIDE_LANE, useValue: platform.outside },
      { provide: CLOCK, useValue: clock },
      { provide: UNIT_OF_WORK, useValue: createUnitOfWork(platform, clock) },
    ];
    return {
      module: PlatformModule,
      global: true,
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}

export function createUnitOfWork(
  platform: Pick<Platform, 'postgres' | 'metrics'>,
  clock: LiveClock,
): UnitOfWork {
  const retries = new Counter({
    name: 'ledgerline_transaction_retries_total',
    help: 'Transactions that ran again, by reason.',
    labelNames: ['reason'],
    registers: [platform.metrics],
  });
  return new PostgresUnitOfWork(platform.postgres, clock, ({ reason }) => retries.inc({ reason }));
}
