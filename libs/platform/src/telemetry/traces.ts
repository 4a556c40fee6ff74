import type { Span } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export type { Span };

/** Figures of one service's own trace export; bounded in everything, so that a slow collector costs nothing but spans. */
export interface Traces {
  /**
   * Begins the span of a request that came in, as a child of the caller's where it sent one. Undefined when the trace is
   * not sampled: then nothing more is to be done for it.
   */
  startRequest(name: string, traceparent: string | string[] | undefined): Span | undefined;
  /** A span of work done for many requests, told when it is over. It links to all of them. */
  recordBatch(batch: BatchSpan): void;
  /** Sends what waits, for two seconds at most. */
  close(): Promise<void>;
}

export interface BatchSpan {
  readonly name: string;
  /** Traceparents of the requests the work was done for. */
  readonly links: readonly string[];
  readonly tookMs: number;
  readonly attributes: Readonly<Record<string, number>>;
}

export interface TraceOptions {
  readonly service: string;
  /** Empty: off. */
  readonly endpoint: string;
  readonly sampleRatio: number;
  readonly logger: Logger;
  readonly registry: Registry;
}

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
