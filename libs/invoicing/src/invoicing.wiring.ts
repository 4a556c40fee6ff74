import type { Clock, UnitOfWork } from '@ledgerline/kernel';
import type {
  InvoicedCustomers,
  InvoicedFeatures,
  InvoicedMeters,
  InvoicedSubscriptions,
  InvoicedUsage,
  InvoicingApps,
} from './core/ports.js';
import { PostgresInvoiceStore } from './store/postgres-invoice-store.js';
import { PostgresLineStore } from './store/postgres-line-store.js';
import { PostgresProfileStore } from './store/postgres-profile-store.js';
import { PostgresSyncStore } from './store/postgres-sync-store.js';
import { ActOnInvoice } from './use-cases/act-on-invoice.js';
import { AdvanceInvoice } from './use-cases/advance-invoice.js';
import { ChangeProfiles } from './use-cases/change-profiles.js';
import { CreatePendingLines } from './use-cases/create-pending-lines.js';
import { ExplainInvoice } from './use-cases/explain-invoice.js';
import { CheckBillingReadiness, RefuseCustomerDeletion } from './use-cases/guard-billing.js';
import { InvoiceNow } from './use-cases/invoice-now.js';
import { InvoicePendingLines } from './use-cases/invoice-pending-lines.js';
import type { InvoicingStores } from './use-cases/invoicing-stores.js';
import { MeasureLines } from './use-cases/measure-lines.js';
import { PerformStep } from './use-cases/perform-step.js';
import { ReadInvoices } from './use-cases/read-invoices.js';
import { ReadProfiles } from './use-cases/read-profiles.js';
import { SyncSubscription } from './use-cases/sync-subscription.js';

/** What invoicing needs from elsewhere. */
export interface InvoicingParts {
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly customers: InvoicedCustomers;
  readonly subscriptions: InvoicedSubscriptions;
  readonly features: InvoicedFeatures;
  readonly meters: InvoicedMeters;
  readonly usage: InvoicedUsage;
  readonly apps: InvoicingApps;
}

export const postgresStores = (): InvoicingStores => ({
  invoices: new PostgresInvoiceStore(),
  lines: new PostgresLineStore(),
  profiles: new PostgresProfileStore(),
  syncs: new PostgresSyncStore(),
});

/** Every use case but the jobs, joined: the module and the specs of this room share this one wiring. */
export function wireInvoicing(parts: InvoicingParts, stores: InvoicingStores = postgresStores()) {
  const { unitOfWork, clock, customers, subscriptions, features, meters, usage, apps } = parts;
  const measure = new MeasureLines(unitOfWork, features, meters, usage);
  const perform = new PerformStep(unitOfWork, measure, apps);
  const advanceInvoice = new AdvanceInvoice(unitOfWork, clock, stores, customers, perform);
  const invoicePendingLines = new InvoicePendingLines(unitOfWork, stores, customers, measure);
  const readInvoices = new ReadInvoices(unitOfWork, clock, stores, customers, measure, apps);
  return {
    stores,
    advanceInvoice,
    invoicePendingLines,
    readInvoices,
    invoiceNow: new InvoiceNow(invoicePendingLines, advanceInvoice),
    actOnInvoice: new ActOnInvoice(unitOfWork, stores, customers, advanceInvoice),
    createPendingLines: new CreatePendingLines(unitOfWork, stores, customers, features),
    syncSubscription: new SyncSubscription(unitOfWork, stores, subscriptions, customers, measure),
    changeProfiles: new ChangeProfiles(unitOfWork, stores.profiles, apps),
    readProfiles: new ReadProfiles(unitOfWork, stores.profiles, apps),
    explainInvoice: new ExplainInvoice(unitOfWork, stores, readInvoices, measure),
    billingReadiness: new CheckBillingReadiness(stores, customers, apps),
    refuseCustomerDeletion: new RefuseCustomerDeletion(stores),
  };
}
export type Invoicing = ReturnType<typeof wireInvoicing>;
