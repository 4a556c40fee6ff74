export * from './customer.js';
export * from './decide-customer.js';
export type * from './ports.js';
