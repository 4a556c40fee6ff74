export { ProvidersModule, providersRoom } from './providers.module.js';
export { INVOICE_THROUGH_APPS } from './tokens.js';
