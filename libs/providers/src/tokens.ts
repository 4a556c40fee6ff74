export const APP_STORE = Symbol('providers.APP_STORE');
export const BOOTSTRAP_SANDBOX = Symbol('providers.BOOTSTRAP_SANDBOX');
/** Answers invoicing's port INVOICING_APPS. */
export const INVOICE_THROUGH_APPS = Symbol('providers.INVOICE_THROUGH_APPS');
export const READ_APPS = Symbol('providers.READ_APPS');
