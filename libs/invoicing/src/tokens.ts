// Injection tokens of this room.
export const INVOICING = Symbol('invoicing.INVOICING');
export const ACT_ON_INVOICE = Symbol('invoicing.ACT_ON_INVOICE');
/** For providers, which makes the first profile: `ChangeProfiles`. */
export const CHANGE_PROFILES = Symbol('invoicing.CHANGE_PROFILES');
/** Answers subscriptions' port BILLING_READINESS. */
export const CHECK_BILLING_READINESS = Symbol('invoicing.CHECK_BILLING_READINESS');
export const CREATE_PENDING_LINES = Symbol('invoicing.CREATE_PENDING_LINES');
export const EXPLAIN_INVOICE = Symbol('invoicing.EXPLAIN_INVOICE');
export const FIND_BILLING_WORK = Symbol('invoicing.FIND_BILLING_WORK');
export const HEAR_NOTICE = Symbol('invoicing.HEAR_NOTICE');
export const INVOICE_NOW = Symbol('invoicing.INVOICE_NOW');
export const READ_INVOICES = Symbol('invoicing.READ_INVOICES');
export const READ_PROFILES = Symbol('invoicing.READ_PROFILES');
/** One of customers' CUSTOMER_DELETION_GUARDS. */
export const REFUSE_CUSTOMER_DELETION = Symbol('invoicing.REFUSE_CUSTOMER_DELETION');
export const RUN_BILLING_JOBS = Symbol('invoicing.RUN_BILLING_JOBS');
