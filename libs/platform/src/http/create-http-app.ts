import {
  answerBrokenRequest,
  type OperationId,
  problemOf,
  registerReplyValidation,
  useRawBodies,
} from '@ledgerline/contract';
import { newId, refusal, Refused } from '@ledgerline/kernel';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { LiveClock } from '../live-clock.js';
import { nestLogger } from '../telemetry/nest-logger.js';
import { openToWebPages } from './cors.js';
import { endConnectionsOnClose } from './end-connections.js';
import { KnownRoutes } from './known-routes.js';
import { ProblemFilter, sendProblem } from './problem-filter.js';
import { observeRequests, type RequestTelemetry } from './request-telemetry.js';

/** Who asks, as authentication found out. */
export interface Caller {
  readonly namespace: string;
  readonly actor: string;
}

export interface HttpOptions {
  readonly logger: Logger;
  /** Bytes of one request body; more is 413. */
  readonly bodyMaxBytes: number;
  /** Refreshed before each request. */
  readonly clock: LiveClock;
  /**
   * Asked before every operation, before its body is read. Throws `Refused` when the caller is nobody or may not do this.
   * Without it everybody is the default namespace's anonymous user, who may do everything.
   */
  readonly authenticate?: (operation: OperationId, authorization: string | undefined) => Promise<Caller>;
  /** Whatever lies under these paths may be used by web pages of any origin. */
  readonly webPagePaths?: readonly string[];
  /** Absent in tests that look at no figures. */
  readonly telemetry?: RequestTelemetry;
  /** Holds every reply against the contract; not for production, where it would parse each answer again. */
  readonly validateReplies: boolean;
  /** Told every reply that breaks the contract, besides the log. */
  readonly onBrokenReply?: (reason: string) => void;
}

const anonymous: Caller = { namespace: 'default', actor: 'anonymous' };

// What a request id may look like when it is taken over: it is echoed in a header and written to logs.
const requestIdPattern = /^[\w.:/+=@-]{1,128}$/;

function requestIdOf(request: IncomingMessage): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newId();
}

/** A Nest application on Fastify whose every failure is a problem document. It does not listen yet. */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: options.bodyMaxBytes,
    genReqId: requestIdOf,
    requestIdHeader: false,
    // Keys and the ids of events in paths, percent-encoded; the router's default of 100 would cut legal ones off. Node refuses a
    // request head of 16 KiB.
    routerOptions: { maxParamLength: 8_192 },
    // A shutdown must not wait for a client that keeps its connection open without asking anything.
    forceCloseConnections: 'idle',
    // Our own answer says when to come again.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    // What fails before there is a route, so that no filter sees it: a path that cannot be decoded.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOf(400, request.id, 'the path cannot be decoded')),
  });
  const routes = new KnownRoutes();
  const fastify: FastifyInstance = adapter.getInstance();
  fastify.addHook('onRoute', ({ path, method }) => {
    // The catch-all of preflights makes no path known.
    if (path !== '*') routes.add(path, [method].flat());
  });
  endConnectionsOnClose(fastify);
  // Before who asks is found out.
  await openToWebPages(fastify, options.webPagePaths ?? []);
  if (options.telemetry !== undefined) observeRequests(fastify, options.telemetry);
  addRequestHooks(fastify, options);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and reads them as a record
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(options.logger),
    abortOnError: false,
    bodyParser: false,
  });
  useRawBodies(fastify);
  if (options.validateReplies) {
    registerReplyValidation(fastify, {
      onBroken: (reason) => {
        options.logger.error(reason);
        options.onBrokenReply?.(reason);
      },
    });
  }
  app.useGlobalFilters(new ProblemFilter(options.logger, routes));
  return app;
}

function addRequestHooks(fastify: FastifyInstance, { clock, authenticate }: HttpOptions): void {
  let isClosing = false;
  fastify.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    if (isClosing) {
      // A client that asks on and on would otherwise keep its connection open.
      void reply.header('connection', 'close');
      throw new Refused(
        refusal.unavailable('this process is shutting down; nothing of the request was done'),
      );
    }
    await clock.refresh();
    // Absent where there is nothing to protect: the documents, and paths that nobody knows.
    const operation = request.routeOptions.config.operationId;
    const caller =
      authenticate === undefined || operation === undefined
        ? anonymous
        : await authenticate(operation, request.headers.authorization);
    request.ledgerline = { ...caller, requestId: request.id };
  });
}
