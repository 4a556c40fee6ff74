import type { UnitOfWork } from '@ledgerline/kernel';
import { type LiveClock, UNIT_OF_WORK } from '@ledgerline/platform';
import type { Platform } from '@ledgerline/platform/nest';
import { type DynamicModule, Inject, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ClockController } from './http/clock.controller.js';
import { CurrenciesController } from './http/currencies.controller.js';
import { VirtualTime } from './store/virtual-time.js';
import { MOVE_CLOCK, VIRTUAL_TIME } from './tokens.js';
import { MoveClock } from './use-cases/move-clock.js';

export class SystemModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(VIRTUAL_TIME) private readonly virtualTime: VirtualTime | null) {}

  /** Its clock routes, and in virtual mode what moves the time. */
  static forRoot(platform: Platform, clock: LiveClock): DynamicModule {
    const { clockStepsMax: stepsMax, clockStepTimeoutMs: stepTimeoutMs } = platform.config.billing;
    return {
      module: SystemModule,
      controllers: [ClockController, CurrenciesController],
      providers: [
        {
          provide: VIRTUAL_TIME,
          inject: [UNIT_OF_WORK],
          useFactory: (unitOfWork: UnitOfWork) => VirtualTime.of(platform, clock, unitOfWork),
        },
        {
          provide: MOVE_CLOCK,
          inject: [VIRTUAL_TIME],
          useFactory: (time: VirtualTime | null) =>
            time === null ? null : new MoveClock(time.surroundings, { stepsMax, stepTimeoutMs }),
        },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    await this.virtualTime?.open();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.virtualTime?.close();
  }
}
