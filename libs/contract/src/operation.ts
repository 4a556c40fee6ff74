import {
  createParamDecorator,
  HttpCode,
  Injectable,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import {
  operationRow,
  successStatus,
  type OperationId,
  type OpHandler,
  type RequestContext,
} from './operations.js';
import { readRequest } from './read-request.js';
import { MediaReply, RedirectReply, StreamReply } from './reply.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: set by the HTTP layer's first hook. */
    ledgerline?: RequestContext;
  }
  interface FastifyContextConfig {
    operationId?: OperationId;
  }
}

/** Metadata key under which a method carries the operation it serves. */
export const OPERATION_ID = 'ledgerline:operation';

const contextOf = (request: FastifyRequest): RequestContext =>
  request.ledgerline ?? { namespace: 'default', actor: 'anonymous', requestId: request.id };

function queryStringOf(url: string): string {
  const cut = url.indexOf('?');
  return cut === -1 ? '' : url.slice(cut + 1);
}

const ValidatedRequest = createParamDecorator((id: OperationId, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return readRequest(id, {
    path: request.params as Readonly<Record<string, string>>,
    queryString: queryStringOf(request.raw.url ?? ''),
    headers: request.headers,
    body: request.body,
    context: contextOf(request),
  });
});

/** Writes a handler's answer in the medium it chose. */
@Injectable()
class ReplyMedium implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(map((answer: unknown) => inMedium(reply, answer)));
  }
}

function inMedium(reply: FastifyReply, answer: unknown): unknown {
  if (answer instanceof MediaReply) {
    void reply.headers(answer.headers).type(answer.contentType);
    return typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body);
  }
  if (answer instanceof StreamReply) {
    void reply.headers(answer.headers).type(answer.contentType);
    return answer.body;
  }
  if (answer instanceof RedirectReply) {
    void reply.header('location', answer.location);
    return undefined;
  }
  if (answer === undefined || (typeof answer === 'object' && answer !== null)) return answer;
  // Fastify would send a bare string as text.
  void reply.type('application/json; charset=utf-8');
  return JSON.stringify(answer);
}

const requestMethods = {
  GET: RequestMethod.GET,
  PUT: RequestMethod.PUT,
  POST: RequestMethod.POST,
  DELETE: RequestMethod.DELETE,
  PATCH: RequestMethod.PATCH,
} as const;

/** Route, method, status and mark of an operation; shared with the routes that answer 501. */
export function routeOf(
  id: OperationId,
): (target: object, key: string | symbol, descriptor: PropertyDescriptor) => void {
  const row = operationRow(id);
  const decorators = [
    RequestMapping({ method: requestMethods[row.method], path: row.path.replaceAll(/\{([^}]+)\}/g, ':$1') }),
    HttpCode(successStatus(id)),
    RouteConfig({ operationId: id }),
  ];
  return (target, key, descriptor) => {
    for (const decorate of decorators) decorate(target, key, descriptor);
  };
}

/**
 * Binds a controller's method to an operation of the contract: route, method, success status, validation of the
 * request (the only parameter) and the type of the answer. An id that no document knows neither compiles nor loads.
 */
export function Operation<Id extends OperationId>(
  id: Id,
): <Method extends OpHandler<Id>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  const route = routeOf(id);
  return (target, key, descriptor) => {
    route(target, key, descriptor);
    SetMetadata(OPERATION_ID, id)(target, key, descriptor);
    UseInterceptors(ReplyMedium)(target, key, descriptor);
    ValidatedRequest(id)(target, key, 0);
  };
}
