import { type Problem, problemMedia, problemOf, statusOfKind, toProblem } from '@ledgerline/contract';
import { newId, type Refusal } from '@ledgerline/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptedEncodings } from './inflate.js';
import type { ReceiptSlot } from './ingest-events.js';

// What a request id may look like when it is taken over: it is echoed in a header.
const requestIdPattern = /^[\w.:/+=@-]{1,128}$/;

function requestIdOf(request: FastifyRequest): string {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && requestIdPattern.test(sent) ? sent : newId();
}

/** Spreads the return of many refused clients over five seconds. */
const jitteredSeconds = (): number => 1 + Math.floor(Math.random() * 5);

/** Long enough for a sender to notice the answer and stop. */
const LINGER_MS = 2_000;

/**
 * Reads on and forgets what is left of a refused body: closing at once would reset the connection, and the sender would see a broken
 * pipe instead of the answer. Who still sends after a while is cut off.
 */
function letGo({ raw }: FastifyRequest): void {
  if (raw.complete) return;
  raw.resume();
  const timer = setTimeout(() => raw.destroy(), LINGER_MS);
  raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}

export function answerRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  const requestId = requestIdOf(request);
  const problem = toProblem(refusal, requestId);
  const retryAfter =
    refusal.retryAfterSeconds ?? (statusOfKind[refusal.kind] === 503 ? jitteredSeconds() : undefined);
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  if (refusal.kind === 'unsupported-media-type') void reply.header('accept-encoding', acceptedEncodings);
  if (refusal.kind === 'unauthenticated') void reply.header('www-authenticate', 'Bearer realm="ledgerline"');
  letGo(request);
  return reply
    .code(problem.status)
    .header('x-request-id', requestId)
    .type(problemMedia)
    .send(bytesOf(problem));
}

export function answerStatus(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  detail = '',
): FastifyReply {
  const requestId = requestIdOf(request);
  letGo(request);
  return reply
    .code(status)
    .header('x-request-id', requestId)
    .type(problemMedia)
    .send(bytesOf(problemOf(status, requestId, detail)));
}

/** Every event by name, for a sender who prefers to see them; others get 204 and nothing to read. */
export const answerReceipt = (reply: FastifyReply, { receipt }: ReceiptSlot): FastifyReply =>
  reply
    .code(200)
    .header('preference-applied', 'return=representation')
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(receipt));

/** Bytes, not text: to text Fastify would add a charset, by which the published SDK knows no problem any more. */
const bytesOf = (problem: Problem): Buffer => Buffer.from(JSON.stringify(problem));
