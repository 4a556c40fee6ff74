import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import type { Span, Traces } from '../telemetry/traces.js';

export interface RequestTelemetry {
  readonly registry: Registry;
  /** Absent when tracing is off. */
  readonly traces?: Traces | undefined;
}

/** Time and outcome of every request, and a span where its trace is sampled. Both are named by operation, never by path. */
export function observeRequests(fastify: FastifyInstance, { registry, traces }: RequestTelemetry): void {
  const seconds = new Histogram({
    name: 'ledgerline_http_request_seconds',
    help: 'Time of a request by operation of the contract ("none" for paths that are none) and class of status.',
    labelNames: ['operation', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  const spans = new WeakMap<FastifyRequest, Span>();
  const operationOf = (request: FastifyRequest): string => request.routeOptions.config.operationId ?? 'none';
  if (traces !== undefined) {
    fastify.addHook('onRequest', (request, _reply, done) => {
      const span = traces.startRequest(operationOf(request), request.headers['traceparent']);
      if (span !== undefined) spans.set(request, span);
      done();
    });
  }
  fastify.addHook('onResponse', (request, reply, done) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    seconds.observe({ operation: operationOf(request), status }, reply.elapsedTime / 1000);
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    span?.end();
    done();
  });
}
