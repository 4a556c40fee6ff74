export {
  type AppOutcome,
  type InvoicedCustomer,
  INVOICING_APPS,
  type InvoiceOfApp,
  type InvoicingApp,
  type InvoicingApps,
  type RestOutcome,
} from './core/ports.js';
export { ShowInvoice, type ShownInvoice } from './http/show-invoice.js';
export { InvoicingModule, invoicingRoom } from './invoicing.module.js';
export { CHANGE_PROFILES, CHECK_BILLING_READINESS, REFUSE_CUSTOMER_DELETION } from './tokens.js';
export type { ChangeProfiles } from './use-cases/change-profiles.js';
