import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isJsonMedia, mediaTypeOf } from './json-body.js';
import type { OperationId } from './operations.js';
import { problemMedia, problemOf } from './problem.js';
import { validateReply } from './validate-reply.js';

export interface ReplyValidation {
  /** Told every breach, to log it loudly. */
  readonly onBroken: (reason: string) => void;
}

// Of a stream only its medium can be held against the document.
const streamed = 'a stream';

function bodyOf(reply: FastifyReply, payload: unknown): unknown {
  if (payload instanceof Readable) return streamed;
  const text = payload instanceof Uint8Array ? Buffer.from(payload).toString('utf8') : payload;
  if (typeof text !== 'string' || text === '') return text ?? undefined;
  return isJsonMedia(mediaTypeOf(String(reply.getHeader('content-type')))) ? JSON.parse(text) : text;
}

function breachOf(id: OperationId, reply: FastifyReply, payload: unknown): string | undefined {
  const mistakes = validateReply(id, reply.statusCode, reply.getHeaders(), bodyOf(reply, payload));
  return mistakes.length === 0
    ? undefined
    : `the ${reply.statusCode} reply of ${id} breaks the contract: ${mistakes.join('; ')}`;
}

/**
 * For tests and development: holds every reply of an operation, problems included, against the documents as it goes
 * on the wire, and replaces one that breaks them by a 500 that says why. Not for production: it parses what was just
 * written.
 */
export function registerReplyValidation(fastify: FastifyInstance, { onBroken }: ReplyValidation): void {
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, done) => {
    const id = request.routeOptions.config.operationId;
    const reason = id === undefined ? undefined : breachOf(id, reply, payload);
    if (reason === undefined) {
      done(null, payload);
      return;
    }
    onBroken(reason);
    const problem = JSON.stringify(problemOf(500, request.ledgerline?.requestId ?? request.id, reason));
    void reply.code(500).type(problemMedia).header('content-length', Buffer.byteLength(problem));
    done(null, problem);
  });
}
