import type { Span } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

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
