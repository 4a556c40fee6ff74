import { refusal, Refused, type UnitOfWork } from '@ledgerline/kernel';
import type { App } from '../core/app.js';
import type { AppStore } from '../core/ports.js';

export class ReadApps {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly apps: AppStore,
  ) {}

  /** Uninstalled ones too. */
  async get(namespace: string, id: string): Promise<App> {
    const app = await this.apps.find(this.unitOfWork.reader(namespace), id);
    if (app === undefined) throw new Refused(refusal.notFound(`there is no app ${id}`));
    return app;
  }

  list(namespace: string, page: { readonly limit: number; readonly offset: number }) {
    return this.apps.list(this.unitOfWork.reader(namespace), page);
  }
}
