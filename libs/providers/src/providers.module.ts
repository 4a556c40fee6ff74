import { CHANGE_PROFILES, type ChangeProfiles, InvoicingModule } from '@ledgerline/invoicing';
import type { UnitOfWork } from '@ledgerline/kernel';
import { type Room, UNIT_OF_WORK } from '@ledgerline/platform';
import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppStore } from './core/ports.js';
import { AppsController } from './http/apps.controller.js';
import { PostgresAppStore } from './store/postgres-app-store.js';
import { APP_STORE, BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS, READ_APPS } from './tokens.js';
import { BootstrapSandbox } from './use-cases/bootstrap-sandbox.js';
import { InvoiceThroughApps } from './use-cases/invoice-through-apps.js';
import { ReadApps } from './use-cases/read-apps.js';

/** Requests without a key act in it. */
const firstNamespace = 'default';

@Module({
  imports: [InvoicingModule],
  controllers: [AppsController],
  providers: [
    { provide: APP_STORE, useFactory: () => new PostgresAppStore() },
    {
      provide: INVOICE_THROUGH_APPS,
      inject: [APP_STORE],
      useFactory: (apps: AppStore) => new InvoiceThroughApps(apps),
    },
    {
      provide: READ_APPS,
      inject: [UNIT_OF_WORK, APP_STORE],
      useFactory: (unitOfWork: UnitOfWork, apps: AppStore) => new ReadApps(unitOfWork, apps),
    },
    {
      provide: BOOTSTRAP_SANDBOX,
      inject: [UNIT_OF_WORK, APP_STORE, CHANGE_PROFILES],
      useFactory: (unitOfWork: UnitOfWork, apps: AppStore, profiles: ChangeProfiles) =>
        new BootstrapSandbox(unitOfWork, apps, profiles),
    },
  ],
  exports: [BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS],
})
export class ProvidersModule implements OnApplicationBootstrap {
  constructor(@Inject(BOOTSTRAP_SANDBOX) private readonly bootstrap: BootstrapSandbox) {}

  onApplicationBootstrap(): Promise<void> {
    return this.bootstrap.run(firstNamespace);
  }
}

export const providersRoom: Room = { name: 'providers', module: ProvidersModule };
