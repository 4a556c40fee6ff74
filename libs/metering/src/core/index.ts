export { defaultIngestLimits, type IngestLimits } from './ingest-limits.js';
export { decideMode, type IngestMode } from './ingest-media.js';
export { decideIngest, type IngestRequest } from './ingest-parse.js';
export { parseRfc3339Seconds } from './ingest-time.js';
export { type BatchHashes, SinkBatch } from './sink-batch.js';
export type { Position, SinkFault } from './sink-continuity.js';
export { DedupeFilters, type FilterUse } from './sink-filters.js';
export type {
  EventsInsert,
  EventsStore,
  FingerprintCount,
  FingerprintScope,
  InsertOutcome,
  LogBounds,
  LogChunk,
  LogListener,
  LogRecord,
  Mark,
  OffsetRange,
  ReadingsBuilder,
  StoredIdentity,
  UsageLog,
} from './sink-ports.js';
