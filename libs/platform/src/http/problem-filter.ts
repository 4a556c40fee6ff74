import { problemMedia, problemOf, type Problem, statusOfKind, toProblem } from '@ledgerline/contract';
import { Refused, type Refusal } from '@ledgerline/kernel';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { refusalOfPostgresError } from '../postgres/postgres-errors.js';
import type { KnownRoutes } from './known-routes.js';

/** Bytes, not text: to text Fastify would add a charset that problem+json does not have. */
export const sendProblem = (reply: FastifyReply, problem: Problem): void =>
  void reply
    .code(problem.status)
    .type(problemMedia)
    .send(Buffer.from(JSON.stringify(problem)));

// Every 401 must say by what means one could authenticate.
const authenticateWith = 'Bearer realm="ledgerline"';

interface Outcome {
  readonly problem: Problem;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The one place where a failure becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly routes: KnownRoutes,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { problem, headers = {} } = this.outcomeOf(error, request);
    if (reply.sent) {
      this.logger.error({ err: error, requestId: request.id }, 'failed after the reply had begun');
      return;
    }
    sendProblem(reply.headers(headers), problem);
  }

  private outcomeOf(error: unknown, request: FastifyRequest): Outcome {
    if (error instanceof Refused) return refused(error.refusal, request.id);
    if (error instanceof HttpException) {
      const status = error.getStatus();
      if (status === 404) return this.noSuchRoute(request);
      if (status < 500) return { problem: problemOf(status, request.id, error.message) };
    }
    const refusal = refusalOfPostgresError(error);
    if (refusal !== undefined) {
      this.logger.warn({ err: error, requestId: request.id }, refusal.detail);
      return refused(refusal, request.id);
    }
    this.logger.error({ err: error, requestId: request.id, url: request.url }, 'request failed');
    return { problem: problemOf(500, request.id) };
  }

  private noSuchRoute(request: FastifyRequest): Outcome {
    const methods = this.routes.methodsOf(request.url.split('?', 1)[0] ?? '');
    return methods.length === 0
      ? { problem: problemOf(404, request.id) }
      : { problem: problemOf(405, request.id), headers: { allow: methods.join(', ') } };
  }
}

function refused(refusal: Refusal, requestId: string): Outcome {
  const seconds = refusal.retryAfterSeconds ?? (statusOfKind[refusal.kind] === 503 ? 1 : undefined);
  return {
    problem: toProblem(refusal, requestId),
    headers: {
      ...(seconds !== undefined && { 'retry-after': String(seconds) }),
      ...(refusal.kind === 'unauthenticated' && { 'www-authenticate': authenticateWith }),
    },
  };
}
