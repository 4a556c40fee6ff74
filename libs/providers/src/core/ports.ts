import type { Db, Tx } from '@ledgerline/kernel';
import type { App, AppType } from './app.js';

/** Installed apps in Postgres. */
export interface AppStore {
  /** By id, uninstalled or not. */
  find(db: Db, id: string): Promise<App | undefined>;
  findMany(db: Db, ids: readonly string[]): Promise<readonly App[]>;
  /** The oldest live one of the type. */
  findFirst(db: Db, type: AppType): Promise<App | undefined>;
  list(
    db: Db,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<{ readonly items: readonly App[]; readonly totalCount: number }>;
  /** Lets installations follow each other. */
  lock(tx: Tx): Promise<void>;
  insert(tx: Tx, app: App): Promise<void>;
}
