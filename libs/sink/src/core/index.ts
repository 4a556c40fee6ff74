export { type BatchHashes, SinkBatch } from './batch.js';
export type { Position, SinkFault } from './continuity.js';
export { DedupeFilters, type FilterUse } from './filters.js';
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
} from './ports.js';
export { rowColumns } from './row-writer.js';
