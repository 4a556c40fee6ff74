import type { InvoiceStore, LineStore, ProfileStore, SyncStore } from '../core/ports.js';

/** Everything invoicing keeps in Postgres. */
export const INVOICING_STORES = Symbol('invoicing.INVOICING_STORES');
export interface InvoicingStores {
  readonly invoices: InvoiceStore;
  readonly lines: LineStore;
  readonly profiles: ProfileStore;
  readonly syncs: SyncStore;
}
