export { type KeyRecord, decodeKeyRecord, encodeKeyRecord } from './key-record.js';
export { keyOfHeader } from './key-text.js';
export type { NamespaceBootstrap } from './ports.js';
export { allows } from './scopes.js';
