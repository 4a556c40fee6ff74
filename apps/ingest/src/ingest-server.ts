import { answerBrokenRequest } from '@ledgerline/contract';
import type { Logger } from '@ledgerline/platform/telemetry';
import fastify, { type FastifyInstance, type FastifyError } from 'fastify';
import { answerReceipt, answerRefusal, answerStatus } from './answer.js';
import type { IngestEvents } from './ingest-events.js';
import { receiptSlotOf, withReceipt } from './receipt-slot.js';

export interface IngestServerOptions {
  readonly logger: Logger;
  readonly ingest: IngestEvents;
  /** From the first byte of a request to the last of its body; slower senders are cut off. */
  readonly requestTimeoutMs: number;
}

/** How often Node looks for requests that are too slow; it is late by at most this much. */
const SLOW_CHECK_MS = 1_000;

/** Takes `POST /api/v1/events` and answers everything else 404. It does not listen yet. */
export function createIngestServer(options: IngestServerOptions): FastifyInstance {
  const { ingest, logger, requestTimeoutMs } = options;
  const server = fastify({
    logger: false,
    // Made only for answers that carry one.
    genReqId: () => '',
    requestIdHeader: false,
    requestTimeout: requestTimeoutMs,
    http: { connectionsCheckingInterval: SLOW_CHECK_MS, headersTimeout: requestTimeoutMs },
    // A shutdown must not wait for a client that keeps its connection open without asking anything.
    forceCloseConnections: 'idle',
    // Our own answer says when to come again.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      void answerStatus(request, reply, error.statusCode ?? 400, error.message);
    },
  });
  let isClosing = false;
  server.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  // Bodies are read by the handler itself, whatever their type: one pass, no second copy.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  server.post('/api/v1/events', (request, reply) => {
    const slot = receiptSlotOf(request.headers['prefer']);
    ingest.run(request.raw, slot).then(
      (refused) => {
        if (isClosing) void reply.header('connection', 'close');
        if (refused !== undefined) return answerRefusal(request, reply, withReceipt(refused, slot));
        const requestId = request.headers['x-request-id'];
        if (typeof requestId === 'string') void reply.header('x-request-id', requestId);
        return slot === undefined ? reply.code(204).send() : answerReceipt(reply, slot);
      },
      // To the error handler.
      (error: unknown) => reply.send(error),
    );
  });
  server.setNotFoundHandler((request, reply) => answerStatus(request, reply, 404));
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error }, 'request failed');
    // A fault of ours is told to the log only.
    return answerStatus(request, reply, status, status < 500 ? error.message : '');
  });
  return server;
}
