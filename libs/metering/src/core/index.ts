export { defaultIngestLimits, type IngestLimits } from './ingest-limits.js';
export { decideMode, type IngestMode } from './ingest-media.js';
export { decideIngest, type IngestRequest } from './ingest-parse.js';
export { parseRfc3339Seconds } from './ingest-time.js';
