import {
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { Counter } from 'prom-client';
import type { BatchSpan, TraceOptions, Traces } from './trace-shapes.js';

const exportTimeoutMs = 10_000; // one post to a collector
const exportEveryMs = 1_000; // how late a span is seen
const waitingSpansMax = 2_048; // about two megabytes; beyond it spans are dropped, never requests held up
const linksMax = 128; // of one span
const closeMaxMs = 2_000;

/** Spans over OTLP/HTTP. A collector that is away costs spans, which are counted. */
export class OtlpTraces implements Traces {
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;

  constructor(options: TraceOptions) {
    const exporter = new CountingExporter(
      new OTLPTraceExporter({ url: options.endpoint, timeoutMillis: exportTimeoutMs }),
      options,
    );
    this.provider = new TracerProvider({
      // Who calls us decides for their trace; where nobody did, the share of the configuration does.
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
      resource: resourceFromAttributes({ 'service.name': `ledgerline-${options.service}` }),
      spanLimits: { linkCountLimit: linksMax },
      spanProcessors: [
        new BatchSpanProcessor({
          exporter,
          maxQueueSize: waitingSpansMax,
          scheduledDelayMillis: exportEveryMs,
          exportTimeoutMillis: exportTimeoutMs,
        }),
      ],
    });
    this.tracer = this.provider.getTracer('ledgerline');
  }

  startRequest(name: string, traceparent: string | string[] | undefined): Span | undefined {
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER }, parentOf(traceparent));
    return span.isRecording() ? span : undefined;
  }

  recordBatch({ name, links, tookMs, attributes }: BatchSpan): void {
    const found = links.slice(0, linksMax).flatMap((link): Link[] => {
      const context = readTraceparent(link);
      return context === undefined ? [] : [{ context }];
    });
    if (found.length === 0) return;
    const endAt = Date.now();
    // A child of the first request, so that it is found from there; the others are links.
    const parent =
      found[0] === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, found[0].context);
    const span = this.tracer.startSpan(
      name,
      { kind: SpanKind.CONSUMER, links: found, attributes: { ...attributes }, startTime: endAt - tookMs },
      parent,
    );
    span.end(endAt);
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeMaxMs);
    });
    // What could not be sent was counted by the exporter; a shutdown does not fail for want of a collector.
    await Promise.race([this.provider.shutdown().catch(() => undefined), late]); // tidy: the exporter has counted it
    clearTimeout(timer);
  }
}

const traceparentPattern = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const nothing = /^0+$/;

/** What a `traceparent` says; undefined when it is none. Later versions may carry more and are read alike. */
function readTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = traceparentPattern.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (nothing.test(traceId) || nothing.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

function parentOf(traceparent: string | string[] | undefined): Context {
  const context = typeof traceparent === 'string' ? readTraceparent(traceparent) : undefined;
  return context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

// A collector that is away for a day must not fill the log.
const warnEveryMs = 60_000;
const succeeded = 0;

/** Counts what was sent and what was not, and says once a minute why not. */
class CountingExporter implements SpanExporter {
  private readonly spans: Counter<'outcome'>;
  private warnedAtMs = -Infinity;

  constructor(
    private readonly inner: OTLPTraceExporter,
    private readonly options: TraceOptions,
  ) {
    this.spans = new Counter({
      name: 'ledgerline_trace_spans_total',
      help: 'Spans of this service by outcome of their export: sent or failed.',
      labelNames: ['outcome'],
      registers: [options.registry],
    });
  }

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    this.inner.export([...spans], (result) => {
      const sent = (result.code as number) === succeeded;
      this.spans.inc({ outcome: sent ? 'sent' : 'failed' }, spans.length);
      if (!sent && performance.now() - this.warnedAtMs > warnEveryMs) {
        this.warnedAtMs = performance.now();
        this.options.logger.warn({ err: result.error }, 'traces do not reach telemetry.tracesEndpoint');
      }
      done(result);
    });
  }

  forceFlush(): Promise<void> {
    return this.inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }
}
