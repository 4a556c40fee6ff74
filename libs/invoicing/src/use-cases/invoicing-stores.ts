import type { InvoiceStore, LineStore, ProfileStore, SyncStore } from '../core/ports.js';

/** Everything invoicing keeps in Postgres. */
export interface InvoicingStores {
  readonly invoices: InvoiceStore;
  readonly lines: LineStore;
  readonly profiles: ProfileStore;
  readonly syncs: SyncStore;
}
