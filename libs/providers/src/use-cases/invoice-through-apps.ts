import type { components } from '@ledgerline/contract';
import { type Db, refusal, Refused } from '@ledgerline/kernel';
import type { InvoicingApp, InvoicingApps } from '@ledgerline/invoicing';
import { appToApi } from '../core/app-json.js';
import type { App } from '../core/app.js';
import type { AppStore } from '../core/ports.js';
import { sandbox } from '../core/sandbox.js';

/** Answers invoicing's port: what each installed app does with an invoice. */
export class InvoiceThroughApps implements InvoicingApps {
  constructor(private readonly apps: AppStore) {}

  async find(db: Db, appId: string): Promise<InvoicingApp | undefined> {
    const app = await this.apps.find(db, appId);
    return app === undefined ? undefined : invoicingApp(app);
  }

  async describe(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, components['schemas']['App']>> {
    const apps = await this.apps.findMany(db, ids);
    return new Map(apps.map((app) => [app.id, appToApi(app)]));
  }
}

function invoicingApp(app: App): InvoicingApp {
  const { id, type } = app;
  if (type !== 'sandbox')
    throw new Refused(refusal.notImplemented(`apps of type ${type} are not available yet`));
  return {
    id,
    type,
    // Nothing leaves the house, so nothing about the customer can be wrong.
    acceptCustomer: () => Promise.resolve(undefined),
    validate: () => Promise.resolve(sandbox.validate()),
    upsert: () => Promise.resolve(sandbox.upsert()),
    finalize: () => Promise.resolve(sandbox.finalize()),
    delete: () => Promise.resolve(sandbox.delete()),
    postAdvance: ({ invoice }) => Promise.resolve(sandbox.postAdvance(invoice)),
  };
}
