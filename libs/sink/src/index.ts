export type { SinkFault } from './core/continuity.js';
export type { LogBounds, LogChunk, LogListener, LogRecord, ReadingsBuilder, UsageLog } from './core/ports.js';
export { SinkEventsStore } from './store/events-store.js';
export { Sink, type SinkCodec, type SinkPorts } from './use-cases/loop.js';
export type { RestartCause, SinkObserver, StoredBatch } from './use-cases/observer.js';
export { ReadingsPump } from './use-cases/readings-pump.js';
export type { SinkSettings } from './use-cases/settings.js';
