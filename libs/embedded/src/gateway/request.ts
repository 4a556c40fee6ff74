import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { GatewayFailure } from './failures.js';

/** One call of the HTTP interface, read but not judged. */
export interface GatewayRequest {
  /** From the URL; the body is then data (insert) or the rest of the statement. */
  readonly query: string;
  readonly queryId: string | undefined;
  readonly database: string | undefined;
  readonly defaultFormat: string;
  readonly readOnly: boolean;
  /** Values of `{name:Type}` in the escaped text form ClickHouse clients send. */
  readonly params: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly compressReply: boolean;
  readonly body: Readable;
}

/** URL parameters that are not settings; none of them changes what we answer. */
const IGNORED = new Set(
  `user password quota_key stacktrace buffer_size wait_end_of_query enable_http_compression role client_protocol_version
  send_progress_in_http_headers http_headers_progress_interval_ms add_http_cors_header http_wait_end_of_query`.split(
    /\s+/,
  ),
);
const UNSUPPORTED = new Set([
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'compress',
  'decompress',
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_.]{0,127}$/;

/**
 * There is no password, so a page open in a browser on this machine must not get in: browsers name the page in `Origin`, and a name
 * that somebody points at the loopback stands in `Host`. Errors: code 497.
 */
export function refuseBrowsers({ headers }: IncomingMessage): void {
  const isLocal = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  if (headers.origin === undefined && isLocal) return;
  throw new GatewayFailure(
    497,
    'ACCESS_DENIED',
    'The gateway answers programs of this machine, not web pages.',
  );
}

/** Errors: code 48 for what only a real server does, code 36 for a name that cannot be one. */
export function readRequest(message: IncomingMessage): GatewayRequest {
  const url = new URL(message.url ?? '/', 'http://gateway');
  const params = new Map<string, string>();
  const settings = new Map<string, string>();
  const known = new Map<string, string>();
  for (const [key, value] of url.searchParams) {
    if (['query', 'database', 'default_format', 'query_id', 'enable_http_compression'].includes(key)) {
      known.set(key, value);
    } else if (UNSUPPORTED.has(key) && value !== '0' && value !== '') {
      throw notImplemented(`the parameter ${key}`);
    } else if (key.startsWith('param_')) {
      params.set(checkName(key.slice('param_'.length)), value);
    } else if (!IGNORED.has(key) && !UNSUPPORTED.has(key)) {
      settings.set(checkName(key), value);
    }
  }
  const wantsGzip = /\bgzip\b/.test(message.headers['accept-encoding'] ?? '');
  return {
    query: known.get('query') ?? '',
    queryId: known.get('query_id'),
    database: known.get('database') ?? header(message, 'x-clickhouse-database'),
    defaultFormat: checkName(
      known.get('default_format') ?? header(message, 'x-clickhouse-format') ?? 'TabSeparated',
    ),
    readOnly: message.method === 'GET',
    params,
    settings,
    compressReply: known.get('enable_http_compression') === '1' && wantsGzip,
    body: inflated(message),
  };
}

function header(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function inflated(message: IncomingMessage): Readable {
  if (message.headers['content-type']?.startsWith('multipart/form-data') === true) {
    throw notImplemented('multipart bodies');
  }
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return message;
  // pipe() does not carry errors on; a broken upload must break the reader as well.
  const inflater =
    encoding === 'gzip' ? createGunzip() : encoding === 'deflate' ? createInflate() : undefined;
  if (inflater === undefined) throw notImplemented(`the content encoding ${encoding}`);
  message.once('error', (thrown) => inflater.destroy(thrown));
  return message.pipe(inflater);
}

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new GatewayFailure(
    36,
    'BAD_ARGUMENTS',
    `${JSON.stringify(name.slice(0, 64))} is no name of a setting, parameter or format.`,
  );
}

const notImplemented = (what: string): GatewayFailure =>
  new GatewayFailure(
    48,
    'NOT_IMPLEMENTED',
    `The gateway does not support ${what}; a ClickHouse server does.`,
  );
