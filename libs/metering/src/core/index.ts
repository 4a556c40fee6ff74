export { defaultIngestLimits, type IngestLimits } from './ingest-limits.js';
export { decideMode, type IngestMode } from './ingest-media.js';
export { decideIngest, type IngestRequest } from './ingest-parse.js';
export { parseRfc3339Seconds } from './ingest-time.js';
export { type BatchHashes, SinkBatch } from './sink-batch.js';
export type { Position, SinkFault } from './sink-continuity.js';
export { rowStructure } from './sink-row-writer.js';
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
export type { MeterUse } from './decide-meter.js';
export { type JsonPath, parseJsonPath } from './json-path.js';
export { type Aggregation, aggregations, type GroupBy, type Meter } from './meter.js';
export type { CustomerKeys, WindowSize } from './meter-query.js';
export { readStringFilter, type StringFilter, type StringFilterInput } from './string-filter.js';
