export { ProvidersModule, providersRoom } from './providers.module.js';
export { BOOTSTRAP_SANDBOX, INVOICE_THROUGH_APPS } from './tokens.js';
