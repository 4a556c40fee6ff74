import { ContractModule } from '@ledgerline/contract';
import type { LiveClock, Room } from '@ledgerline/platform';
import { type Platform, PlatformModule } from '@ledgerline/platform/nest';
import { SystemModule } from '@ledgerline/system';
import { type DynamicModule, Module } from '@nestjs/common';
import { type Binding, bindings, BindingsModule, checkBindings } from './bindings.js';
import { rooms as allRooms } from './rooms.js';

export interface AppParts {
  readonly platform: Platform;
  readonly clock: LiveClock;
  /** Other than the app's own only in its tests. */
  readonly rooms?: readonly Room[];
  readonly bindings?: readonly Binding[];
}

/** The same module graph in the api and in the worker; what differs is what the mains start on it. */
@Module({})
export class AppModule {
  static forRoot(parts: AppParts): DynamicModule {
    const { platform, clock, rooms = allRooms, bindings: bound = bindings } = parts;
    checkBindings(rooms, bound);
    const modules = rooms.map((room) => room.module);
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(platform, clock),
        ContractModule.forRoot(),
        SystemModule.forRoot(platform, clock),
        ...modules,
        BindingsModule.forRoot(modules, bound),
      ],
    };
  }
}
