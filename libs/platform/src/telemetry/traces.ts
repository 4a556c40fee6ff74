import type { Span } from '@opentelemetry/api';
import type { TraceOptions, Traces } from './trace-shapes.js';

export type { BatchSpan, TraceOptions, Traces } from './trace-shapes.js';
export type { Span };

/** Traces of this service; undefined when they are switched off, so that an `?.` is all they cost. */
export async function openTraces(options: TraceOptions): Promise<Traces | undefined> {
  if (options.endpoint === '') return undefined;
  // Loaded only here: a service without traces does not carry the library.
  const { OtlpTraces } = await import('./otlp-traces.js');
  return new OtlpTraces(options);
}

/** The W3C form of a span's identity, to be sent along. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Of one Kafka record: requests whose events are in it and whose trace is sampled. More would say nothing new. */
export const recordTracesMax = 16;
/** The record header that lists them, separated by commas. */
export const tracesHeader = 'traceparents';
