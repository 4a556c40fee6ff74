export { watchDisk } from './disk-metrics.js';
export { createLogger, type Logger } from './logger.js';
export { Counter, createMetrics, Gauge, Histogram, Registry } from './metrics.js';
export { nestLogger } from './nest-logger.js';
export { reasonOf } from './reason.js';
export {
  type BatchSpan,
  openTraces,
  recordTracesMax,
  type Span,
  traceparentOf,
  type Traces,
  tracesHeader,
} from './traces.js';
export {
  type Check,
  startTelemetryServer,
  type TelemetryOptions,
  type TelemetryServer,
} from './telemetry-server.js';
export { type Sample, WatchedGauges } from './watched-gauges.js';
