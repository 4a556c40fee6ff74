export type { SinkFault } from './core/continuity.js';
export type { LogBounds, LogChunk, LogListener, LogRecord, ReadingsBuilder, UsageLog } from './core/ports.js';
export {
  type EventsTerms,
  decideCutoff,
  type MonthDrop,
  type PartCensus,
  type RetainedTable,
  type RetentionCutoff,
} from './core/retention.js';
export { SinkEventsStore } from './store/events-store.js';
export {
  censusOf,
  deleteFrom,
  dropPartOf,
  markSettings,
  monthsOf,
  RetainedEvents,
} from './store/retained-events.js';
export { dropMonths } from './use-cases/drop-months.js';
export { Sink, type SinkCodec, type SinkPorts } from './use-cases/loop.js';
export type { RestartCause, SinkObserver, StoredBatch } from './use-cases/observer.js';
export { ReadingsPump } from './use-cases/readings-pump.js';
export { type EventsNeed, retainEvents } from './use-cases/retain-events.js';
export type { SinkSettings } from './use-cases/settings.js';
