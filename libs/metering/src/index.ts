export type {
  LogBounds,
  LogChunk,
  LogListener,
  LogRecord,
  ReadingsBuilder,
  UsageLog,
} from './core/sink-ports.js';
export type { SinkFault } from './core/sink-continuity.js';
export { SinkEventsStore } from './store/sink-events-store.js';
export { Sink, type SinkCodec, type SinkPorts } from './use-cases/sink-loop.js';
export type { RestartCause, SinkObserver, StoredBatch } from './use-cases/sink-observer.js';
export { ReadingsPump } from './use-cases/sink-readings-pump.js';
export type { SinkSettings } from './use-cases/sink-settings.js';
