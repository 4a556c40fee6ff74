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
export type { MeterUse } from './core/decide-meter.js';
export { type Aggregation, type Meter, aggregations } from './core/meter.js';
export type { CustomerKeys, WindowSize } from './core/meter-query.js';
export {
  METER_USE,
  type MeterStore,
  type MeterUseLookup,
  USAGE_ATTRIBUTION,
  type UsageAttributionLookup,
} from './core/ports.js';
export type { StringFilterInput } from './core/string-filter.js';
export { MeteringModule, meteringRoom } from './metering.module.js';
export { openReadingsBuilder } from './open-readings.js';
export { DECLARE_METERS, METER_STORE, QUERY_USAGE, READ_METERS } from './tokens.js';
export { BuildReadings } from './use-cases/build-readings.js';
export type { DeclareMeters } from './use-cases/declare-meters.js';
export type { QueryUsage, UsageOfPeriod, UsageOfWindow, UsageQuestion } from './use-cases/query-usage.js';
export type { ReadMeters } from './use-cases/read-meters.js';
