import { issuesOf } from './issues.js';
import { isJsonMedia, mediaTypeOf } from './json-body.js';
import { operationRow, successStatus, type OperationId } from './operations.js';
import { problemMedia } from './problem.js';
import { replyChecker, type Checker } from './validators.js';

const checkers = new Map<string, Checker>();

function checkerOf(schemaName: string): Checker {
  let checker = checkers.get(schemaName);
  if (checker === undefined) {
    checker = replyChecker({ $ref: schemaName });
    checkers.set(schemaName, checker);
  }
  return checker;
}

/** What the documents say about a status of an operation: media type → schema, or that no such reply exists. */
function expectedMedia(id: OperationId, status: number): Readonly<Record<string, string>> | undefined {
  const row = operationRow(id);
  if (status === successStatus(id)) return row.replies[String(row.status)];
  // An override replaces the document's success status; it does not add one.
  if (status < 400) return undefined;
  return row.replies[String(status)] ?? row.replies['default'];
}

// The document requires both of every problem, upstream leaves them out when they are empty, and so do we: a 500 tells
// nothing about the inside, and a document without a request id has no instance.
const omittedFromProblems: ReadonlySet<string | undefined> = new Set(['$.detail', '$.instance']);

// v1 entitlements name a subject; the document gives it the form of a feature's key, but any text can be a subject, and
// upstream answers it as it is.
const isSubjectKey = (field: string | undefined): boolean => /(^|\.)subjectKey$/.test(field ?? '');

// An event shows the source it was sent with; ingest takes any text, as upstream does, and not only URI references.
const isEventSource = (field: string | undefined): boolean => /(^|\.)event\.source$/.test(field ?? '');

const isEmpty = (body: unknown): boolean => body === undefined || body === '';

/**
 * Says how a reply breaks the contract: one sentence per mistake, none when it keeps it.
 * `body` is parsed JSON, or the text of another medium.
 */
export function validateReply(
  id: OperationId,
  status: number,
  headers: Readonly<Record<string, unknown>>,
  body: unknown,
): readonly string[] {
  const media = expectedMedia(id, status);
  if (media === undefined) return [`${status} is no status of this operation`];
  const known = Object.keys(media);
  if (known.length === 0) {
    if (!isEmpty(body)) return [`a ${status} has no body`];
    return status === 303 && typeof headers['location'] !== 'string' ? ['a 303 needs a location header'] : [];
  }
  const contentType = headers['content-type'];
  const type = mediaTypeOf(typeof contentType === 'string' ? contentType : undefined);
  const schemaName = media[type];
  if (schemaName === undefined)
    return [`the content type is ${type === '' ? 'missing' : type}, not ${known.join(' or ')}`];
  if (isEmpty(body)) return ['the body is missing'];
  if (!isJsonMedia(type)) return typeof body === 'string' ? [] : ['the body is not text'];
  const { first, all } = checkerOf(schemaName);
  const wrong: string[] = [];
  if (!first()(body)) {
    all()(body);
    const errors = all().errors ?? first().errors ?? [];
    const demanded = issuesOf(errors, body, '$').filter(
      ({ code, field }) =>
        !(type === problemMedia && code === 'schema.required' && omittedFromProblems.has(field)) &&
        !((code === 'schema.pattern' || code === 'schema.maxLength') && isSubjectKey(field)) &&
        !(code === 'schema.format' && isEventSource(field)),
    );
    wrong.push(...demanded.map(({ field, message }) => `${field} ${message}`));
  }
  if (type === problemMedia && (body as { readonly status?: unknown }).status !== status)
    wrong.push(`$.status must be the reply's status ${status}`);
  return wrong;
}
