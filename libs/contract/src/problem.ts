import type { Refusal, RefusalIssue, RefusalKind } from '@ledgerline/kernel';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** An `application/problem+json` document (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export const problemMedia = 'application/problem+json';

export const statusOfKind: Readonly<Record<RefusalKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  'too-many-requests': 429,
  'not-implemented': 501,
  unavailable: 503,
};

const validationError = (issue: RefusalIssue): Readonly<Record<string, unknown>> => ({
  ...issue.attributes,
  code: issue.code,
  message: issue.message,
  severity: issue.severity,
  ...(issue.field === undefined ? {} : { field: issue.field }),
  ...(issue.component === undefined ? {} : { component: issue.component }),
});

/** The bare document of a status: what a bug (500) or an unknown route gets. */
export function problemOf(status: number, requestId: string | undefined, detail = ''): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...(detail === '' ? {} : { detail }),
    ...(requestId === undefined || requestId === '' ? {} : { instance: `urn:request:${requestId}` }),
  };
}

/** How a refusal looks on the wire. */
export function toProblem(refusal: Refusal, requestId: string | undefined): Problem {
  const extensions = {
    ...refusal.extensions,
    ...(refusal.issues === undefined || refusal.issues.length === 0
      ? {}
      : { validationErrors: refusal.issues.map(validationError) }),
  };
  return {
    ...problemOf(statusOfKind[refusal.kind], requestId, refusal.detail),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions }),
  };
}

/** What Node could not even parse, or waited for too long, has no reply object: the answer is written by hand. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const detail = {
    400: 'this is not an HTTP request that can be read',
    408: 'the request did not arrive in time',
    431: 'the path, the query and the headers together are too long',
  }[status];
  const problem = problemOf(status, undefined, detail);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\nconnection: close\r\ncontent-type: ${problemMedia}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
