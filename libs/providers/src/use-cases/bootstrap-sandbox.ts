import type { ChangeProfiles } from '@ledgerline/invoicing';
import { workflowFromJson } from '@ledgerline/invoicing/core';
import { newId, type Tx, type UnitOfWork } from '@ledgerline/kernel';
import type { App } from '../core/app.js';
import { listings } from '../core/listings.js';
import type { AppStore } from '../core/ports.js';

/** What a first user needs to be billed: the sandbox app and a default profile. Safe to run at every start. */
export class BootstrapSandbox {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly apps: AppStore,
    private readonly profiles: Pick<ChangeProfiles, 'ensureDefault'>,
  ) {}

  run(namespace: string): Promise<void> {
    return this.unitOfWork.run({ namespace, actor: 'bootstrap' }, async (tx) => {
      await this.apps.lock(tx); // two processes start at once, and one of them is the first
      const app = (await this.apps.findFirst(tx, 'sandbox')) ?? (await this.install(tx));
      await this.profiles.ensureDefault(
        tx,
        {
          name: 'openmeter-sandbox',
          supplier: { name: 'OpenMeter', addresses: [{ country: 'US' }] },
          workflow: workflowFromJson({}),
          isDefault: true,
        },
        app.id,
      );
    });
  }

  private async install(tx: Tx): Promise<App> {
    const { name, description } = listings.sandbox;
    const app: App = {
      id: newId(),
      namespace: tx.namespace,
      type: 'sandbox',
      name,
      description,
      status: 'ready',
      createdAt: tx.at,
      updatedAt: tx.at,
    };
    await this.apps.insert(tx, app);
    await this.unitOfWork.append(tx, [
      { stream: `app:${app.id}`, type: 'AppInstalled', data: { id: app.id, appType: app.type } },
    ]);
    return app;
  }
}
