export { defaultIngestLimits, type IngestLimits } from './limits.js';
export { decideMode, type IngestMode } from './media.js';
export { decideIngest, type IngestRequest } from './parse.js';
export { type Receipt, receiptOfAccepted, receiptOfRefused } from './receipt.js';
export { parseRfc3339Seconds } from './time.js';
