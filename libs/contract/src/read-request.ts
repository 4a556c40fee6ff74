import { Refused, refusal, type RefusalIssue } from '@ledgerline/kernel';
import { defaultOverrides } from './default-overrides.js';
import { issuesOf } from './issues.js';
import { isJsonMedia, mediaTypeOf, readJson } from './json-body.js';
import type { OperationRow, ParameterRow } from './operation-row.js';
import { operationRow, type OperationId, type OpRequest, type RequestContext } from './operations.js';
import { pathDecoder, queryDecoder, type QueryDecoder } from './query.js';
import { requestChecker, type Checker } from './validators.js';

/** A request before the contract has looked at it. */
export interface RawRequest {
  /** Percent-decoded by the router. */
  readonly path: Readonly<Record<string, string>>;
  /** What stands after the `?`, undecoded. */
  readonly queryString: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
  readonly context: RequestContext;
}

interface Reader {
  readonly row: OperationRow;
  readonly path: readonly { readonly name: string; readonly decode: (text: string) => unknown }[];
  readonly pathChecker: Checker | undefined;
  readonly query: QueryDecoder;
  readonly queryChecker: Checker | undefined;
  readonly headerChecker: Checker | undefined;
  readonly bodies: ReadonlyMap<string, Checker>;
}

function groupChecker(rows: readonly ParameterRow[]): Checker | undefined {
  if (rows.length === 0) return undefined;
  const nameOf = (row: ParameterRow): string => (row.in === 'header' ? row.name.toLowerCase() : row.name);
  return requestChecker({
    type: 'object',
    properties: Object.fromEntries(rows.map((row) => [nameOf(row), row.schema])),
    required: rows.filter((row) => row.required).map(nameOf),
  });
}

/** The parameter with the default that the operation really has. */
function withDefault(id: OperationId, row: ParameterRow): ParameterRow {
  const override = defaultOverrides[id];
  if (override?.parameter !== row.name) return row;
  return { ...row, schema: { ...row.schema, default: override.value } };
}

function makeReader(id: OperationId): Reader {
  const row = operationRow(id);
  const at = (place: ParameterRow['in']): readonly ParameterRow[] =>
    row.parameters.filter((each) => each.in === place);
  return {
    row,
    path: at('path').map((each) => ({ name: each.name, decode: pathDecoder(each) })),
    pathChecker: groupChecker(at('path')),
    query: queryDecoder(row.parameters),
    queryChecker: groupChecker(at('query').map((each) => withDefault(id, each))),
    headerChecker: groupChecker(at('header')),
    bodies: new Map(
      Object.entries(row.body?.media ?? {}).map(([media, name]) => [media, requestChecker({ $ref: name })]),
    ),
  };
}

const readers = new Map<OperationId, Reader>();

function readerOf(id: OperationId): Reader {
  let reader = readers.get(id);
  if (reader === undefined) {
    reader = makeReader(id);
    readers.set(id, reader);
  }
  return reader;
}

/** Says what is wrong in one sentence; the issues name every field. */
function refuse(issues: readonly RefusalIssue[], place: string): never {
  const [first] = issues;
  const sentence =
    first === undefined
      ? `The ${place} breaks the contract.`
      : `The ${place} is not valid: ${first.field} ${first.message}.`;
  throw new Refused(refusal.invalid(sentence, { issues }));
}

function check(checker: Checker | undefined, data: unknown, place: string, root: string): void {
  if (checker === undefined) return;
  const first = checker.first();
  if (first(data)) return;
  // Only now is it worth finding all that is wrong.
  const all = checker.all();
  const errors = all(data) ? (first.errors ?? []) : (all.errors ?? []);
  refuse(issuesOf(errors, data, root), place);
}

const isEmpty = (body: unknown): boolean =>
  body === undefined ||
  body === null ||
  ((body instanceof Uint8Array || typeof body === 'string') && body.length === 0);

function readBody(reader: Reader, raw: RawRequest): unknown {
  const expected = reader.row.body;
  if (expected === undefined) return undefined;
  if (isEmpty(raw.body)) {
    if (!expected.required) return undefined;
    // A parsed `null` is a body; only missing bytes are none.
    if (raw.body !== null) throw new Refused(refusal.invalid('The request needs a body.'));
  }
  const contentType = raw.headers['content-type'];
  const media = mediaTypeOf(typeof contentType === 'string' ? contentType : undefined);
  const checker = reader.bodies.get(media);
  if (checker === undefined || !isJsonMedia(media)) {
    const wanted = [...reader.bodies.keys()].join(' or ');
    throw new Refused(
      refusal.invalid(`The content type ${media === '' ? 'is missing' : `is ${media}`}; send ${wanted}.`),
    );
  }
  const body = readJson(raw.body);
  check(checker, body, 'body', '$');
  return body;
}

// Long enough for any UUID, hash or composite; short enough for an index.
const idempotencyKeyLengthMax = 255;

function checkIdempotencyKey(key: string | readonly string[] | undefined): void {
  if (key === undefined) return;
  if (typeof key !== 'string' || key.length > idempotencyKeyLengthMax || !/^[\x21-\x7e]+$/.test(key))
    throw new Refused(
      refusal.invalidField(
        'Idempotency-Key',
        'header.format',
        `must be 1 to ${idempotencyKeyLengthMax} visible ASCII characters`,
      ),
    );
}

/** Validates a request against its operation. Throws `Refused` (kind `invalid`) that names every wrong field. */
export function readRequest<Id extends OperationId>(id: Id, raw: RawRequest): OpRequest<Id> {
  const reader = readerOf(id);
  const path: Record<string, unknown> = {};
  for (const { name, decode } of reader.path) {
    const text = raw.path[name];
    if (text !== undefined) path[name] = decode(text);
  }
  check(reader.pathChecker, path, 'path', '');
  const query = reader.query(raw.queryString);
  check(reader.queryChecker, query, 'query', '');
  check(reader.headerChecker, raw.headers, 'headers', '');
  checkIdempotencyKey(raw.headers['idempotency-key']);
  const body = readBody(reader, raw);
  const request = {
    path,
    query,
    headers: raw.headers,
    body,
    context: raw.context,
    ...(raw.body instanceof Uint8Array ? { rawBody: raw.body } : {}),
  };
  // The schemas that were just checked are the ones the types were generated from.
  return request as unknown as OpRequest<Id>;
}
