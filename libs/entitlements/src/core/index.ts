export * from './decide-entitlement.js';
export * from './decide-grant.js';
export * from './decide-usage-reset.js';
export * from './entitlement-json.js';
export * from './entitlement.js';
export * from './fold-grants.js';
export * from './limits.js';
export type * from './ports.js';
export * from './next-change.js';
