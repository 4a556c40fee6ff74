import fastifyHttpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy';
import { answerBrokenRequest, problemMedia, problemOf } from '@ledgerline/contract/problem';
import { newId } from '@ledgerline/kernel';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { AccessLog } from './access-log.js';

export interface FrontDoorOptions {
  readonly ingestUrl: string;
  readonly billingUrl: string;
  /** Bytes of a body as sent: what ingest takes and what billing takes. */
  readonly bodyMaxBytes: { readonly ingest: number; readonly billing: number };
  readonly accessLog?: AccessLog;
  /** Told every request that was answered. */
  readonly onServed?: (served: Served) => void;
  /** Told what went wrong in the door itself; the sender only learns that something did. */
  readonly onFailure?: (reason: string) => void;
}

export interface Served {
  readonly to: 'ingest' | 'billing';
  readonly status: number;
  readonly durationMs: number;
}

const eventsPath = '/api/v1/events';

// Connections kept open to each service: more would only wait in its queue.
const upstreamConnectionsMax = 128;
// Longer than any request of ours may take, so that the service's own answer arrives first.
const upstreamTimeoutMs = 120_000;
// A service that restarts is back within this many seconds.
const retryAfterSeconds = 2;

/** One base URL: POST /api/v1/events goes to ingest, everything else to billing. Bodies are passed on as they come. */
export async function createFrontDoor(options: FrontDoorOptions): Promise<FastifyInstance> {
  const app = Fastify({
    genReqId: (request) => sane(request.headers['x-request-id']) ?? newId(),
    // Bodies are not read here; see refuseTooLarge.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    requestTimeout: upstreamTimeoutMs,
    // A request on a connection that is still open while the door closes is passed on as before; the library's own 503 would
    // say neither why nor when to come again.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 16_384 },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (_error, _request, reply) => {
      sendProblem(reply, 400, 'the path cannot be decoded');
    },
  });
  answerFailures(app, options.onFailure);
  logAccess(app, options.accessLog);
  endConnectionsWhenClosing(app);
  if (options.onServed !== undefined) tellServed(app, options.onServed);
  refuseTooLarge(app, options.bodyMaxBytes);
  const replyOptions: FastifyHttpProxyOptions['replyOptions'] = {
    // Both services and their logs name the request as the door does. Whoever asked to be told to go on was told so by the
    // door; the client behind it cannot ask again and would fail.
    rewriteRequestHeaders: (request, headers) => ({
      ...headers,
      expect: undefined,
      'x-request-id': request.id,
    }),
    rewriteHeaders: withoutConnection,
    onError: answerUnavailable,
  };
  const undici = { connections: upstreamConnectionsMax, pipelining: 1, bodyTimeout: upstreamTimeoutMs };
  await app.register(fastifyHttpProxy, {
    upstream: options.ingestUrl,
    prefix: eventsPath,
    rewritePrefix: eventsPath,
    httpMethods: ['POST'],
    undici,
    replyOptions,
  });
  await app.register(fastifyHttpProxy, {
    upstream: options.billingUrl,
    prefix: '/',
    preHandler: (request, reply, done) => {
      // A person who opens the base URL wants to see what there is.
      if (request.method === 'GET' && request.url === '/') void reply.redirect('/docs');
      else done();
    },
    undici,
    replyOptions,
  });
  return app;
}

/** What a service says of its own connection: it is not the sender's, which may be asked to end after this answer. */
const ofConnection = new Set(['connection', 'keep-alive']);

const withoutConnection = <T extends object>(headers: T): T =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name.toLowerCase()))) as T;

/** Without this a client that asks on and on would hold the door open: only idle connections are cut when it closes. */
function endConnectionsWhenClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Also over what the service said, whose connection is another one.
    if (isClosing) void reply.header('connection', 'close');
    done(null, payload);
  });
}

function logAccess(app: FastifyInstance, log: AccessLog | undefined): void {
  if (log === undefined) return;
  app.addHook('onResponse', (request, reply, done) => {
    log.write({
      time: new Date().toISOString(),
      requestId: request.id,
      method: request.method,
      path: request.url.split('?')[0] ?? '/',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      responseBytes: Number(reply.getHeader('content-length') ?? 0),
    });
    done();
  });
}

const upstreamOf = ({ method, url }: FastifyRequest): 'ingest' | 'billing' =>
  method === 'POST' && url.split('?')[0] === eventsPath ? 'ingest' : 'billing';

function tellServed(app: FastifyInstance, onServed: NonNullable<FrontDoorOptions['onServed']>): void {
  app.addHook('onResponse', (request, reply, done) => {
    onServed({ to: upstreamOf(request), status: reply.statusCode, durationMs: reply.elapsedTime });
    done();
  });
}

/**
 * Answers 413 here when the length is known: a service that refuses in the middle of a body closes the connection, and
 * its answer would be lost between the two. A body of unknown length is refused by the service.
 */
function refuseTooLarge(app: FastifyInstance, max: FrontDoorOptions['bodyMaxBytes']): void {
  app.addHook('onRequest', (request, reply, done) => {
    const limit = max[upstreamOf(request)];
    if (Number(request.headers['content-length'] ?? 0) <= limit) done();
    else sendProblem(reply, 413, `a request body takes at most ${limit} bytes as sent`);
  });
}

/** A request id is echoed into headers and logs, so it is taken over only when it is short and plain. */
const sane = (id: string | string[] | undefined): string | undefined =>
  typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;

type ProxyReply = Parameters<NonNullable<NonNullable<FastifyHttpProxyOptions['replyOptions']>['onError']>>[0];

function answerUnavailable(reply: ProxyReply): void {
  void reply.header('retry-after', String(retryAfterSeconds));
  const detail = 'the service behind this path does not answer; it may be starting or restarting';
  sendProblem(reply, 503, detail);
}

/** What the door answers itself: a method it does not pass on, a path that leads out of the tree, a content type that is none. */
function answerFailures(app: FastifyInstance, onFailure: FrontDoorOptions['onFailure']): void {
  app.setNotFoundHandler((_request, reply) => {
    sendProblem(reply, 404, '');
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) onFailure?.(`request ${request.id} failed: ${error.stack ?? error.message}`);
    sendProblem(reply, status, status >= 500 ? '' : error.message);
  });
}

function sendProblem(reply: ProxyReply | FastifyReply, status: number, detail: string): void {
  // Bytes, not text: to text Fastify would add a charset that problem+json does not have.
  const problem = Buffer.from(JSON.stringify(problemOf(status, reply.request.id, detail)));
  void reply.code(status).type(problemMedia).send(problem);
}
