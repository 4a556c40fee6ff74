import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errnoOf } from '../fault.js';
import { escaped, type Conditions, type Engine, type QueryMetrics } from './chdb.js';
import { failureOf } from './failures.js';
import { LIMITS } from './limits.js';
import { readRequest, refuseBrowsers, type GatewayRequest } from './request.js';
import type { Slots } from './slots.js';
import { readText, stage, stagedFile } from './staging.js';
import { readStatement, type Statement } from './statement.js';

export interface Gateway {
  readonly engine: Engine;
  readonly slots: Slots;
  readonly staging: string;
}

/** Answers ClickHouse's HTTP interface on top of one engine. */
export function createGateway(gateway: Gateway): Server {
  const server = createServer({ maxHeaderSize: LIMITS.headBytes }, (message, reply) => {
    answer(gateway, message, reply).catch((thrown: unknown) => {
      // Only the writing of a reply can fail here; its socket is of no more use.
      reply.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  });
  // Longer than the idle time of @clickhouse/client's sockets (2.5 s), so it is the client that closes them.
  server.keepAliveTimeout = 10_000;
  // Waiting for a slot and then a large insert over a slow pipe; a caller that stalls longer frees its slot.
  server.requestTimeout = 300_000;
  return server;
}

async function answer(gateway: Gateway, message: IncomingMessage, reply: ServerResponse): Promise<void> {
  const path = (message.url ?? '/').split('?')[0];
  if (path === '/ping' || (path === '/' && message.method === 'GET' && !message.url?.includes('query='))) {
    reply.setHeader('content-type', 'text/html; charset=UTF-8').end('Ok.\n');
    return;
  }
  reply.setHeader('X-ClickHouse-Server-Display-Name', 'ledgerline-gateway');
  reply.setHeader('X-ClickHouse-Timezone', 'UTC');
  const gone = new AbortController();
  reply.once('close', () => {
    if (!reply.writableFinished) gone.abort();
  });
  try {
    if (path !== '/') {
      reply.writeHead(404).end(`There is no handle ${path}\n`);
      return;
    }
    refuseBrowsers(message);
    const request = readRequest(message);
    reply.setHeader('X-ClickHouse-Query-Id', request.queryId ?? randomUUID());
    await perform(gateway, request, reply, gone.signal);
  } catch (thrown) {
    await refuse(gateway, message, reply, thrown);
  }
}

async function refuse(
  gateway: Gateway,
  message: IncomingMessage,
  reply: ServerResponse,
  thrown: unknown,
): Promise<void> {
  if (reply.headersSent || reply.destroyed) throw thrown;
  const { code, status, message: text } = failureOf(thrown);
  // What was not read of the body would be taken for the next request on this connection.
  if (!message.complete) reply.setHeader('connection', 'close');
  reply.writeHead(status, {
    'content-type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(code),
  });
  await pipeline(Readable.from([`${text} (version ${gateway.engine.version} (official build))\n`]), reply);
}

async function perform(
  gateway: Gateway,
  request: GatewayRequest,
  reply: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const file = stagedFile(gateway.staging);
  try {
    // The slot covers the upload too, so bodies on the memory file system are bounded like statements.
    await gateway.slots.run(async () => {
      const statement = await receive(request, file);
      await execute(gateway, { request, statement, file }, reply, gone);
    }, gone);
  } finally {
    await rm(file, { force: true });
  }
}

/** Reads the statement and puts the data of an insert into `file`. */
async function receive(request: GatewayRequest, file: string): Promise<Statement> {
  const inUrl = Buffer.from(request.query, 'utf8').toString('latin1');
  if (inUrl.trim() !== '') {
    const statement = readStatement(inUrl, request.params);
    if (statement.kind === 'insert-data') {
      const before = Readable.from(statement.data === '' ? [] : [Buffer.from(statement.data, 'latin1')]);
      await stage(Readable.from(joined(before, request.body)), file, LIMITS.insertBytes);
      return statement;
    }
  }
  const rest = (await readText(request.body, LIMITS.insertBytes)).toString('latin1');
  const statement = readStatement(
    rest === '' ? inUrl : inUrl === '' ? rest : `${inUrl}\n${rest}`,
    request.params,
  );
  if (statement.kind === 'insert-data') {
    await stage(Readable.from([Buffer.from(statement.data, 'latin1')]), file, LIMITS.insertBytes);
  }
  return statement;
}

async function* joined(...streams: Readable[]): AsyncGenerator<Buffer> {
  for (const stream of streams) yield* stream as AsyncIterable<Buffer>;
}

async function execute(
  gateway: Gateway,
  { request, statement, file }: { request: GatewayRequest; statement: Statement; file: string },
  reply: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  const conditions = conditionsOf(request);
  const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
  if (statement.kind === 'read') {
    const format = statement.format ?? request.defaultFormat;
    // Written by the engine beside the event loop, in every format whole; only then is the status known.
    const sql = `${utf8(statement.body)}\nINTO OUTFILE '${escaped(file)}' FORMAT ${format}${utf8(statement.tail)}`;
    const metrics = await gateway.engine.run(sql, { ...conditions, format }, gone);
    await sendFile(reply, file, { format, metrics, compress: request.compressReply });
    return;
  }
  // A write goes on when its client left: whether it happened is read from the table, not guessed.
  const sql = statement.kind === 'command' ? statement.text : statement.rewrite(escaped(file));
  const format = request.defaultFormat;
  const { text, ...metrics } = await gateway.engine.run(utf8(sql), { ...conditions, format });
  if (reply.destroyed) return;
  head(reply, format, metrics);
  reply.end(text);
}

function conditionsOf(request: GatewayRequest): Omit<Conditions, 'format'> {
  const settings = new Map(request.settings);
  if (!settings.has('max_execution_time'))
    settings.set('max_execution_time', String(LIMITS.executionSeconds));
  if (!settings.has('max_result_bytes')) settings.set('max_result_bytes', String(LIMITS.resultBytes));
  // As on a server: GET must not change anything.
  if (request.readOnly && !settings.has('readonly')) settings.set('readonly', '2');
  return { database: request.database, params: request.params, settings };
}

async function sendFile(
  reply: ServerResponse,
  file: string,
  { format, metrics, compress }: { format: string; metrics: QueryMetrics; compress: boolean },
): Promise<void> {
  head(reply, format, metrics);
  const size = await sizeOf(file);
  if (size === 0) {
    reply.end();
    return;
  }
  if (compress) {
    reply.setHeader('content-encoding', 'gzip');
    await pipeline(createReadStream(file), createGzip({ level: 1 }), reply);
    return;
  }
  reply.setHeader('content-length', size);
  await pipeline(createReadStream(file), reply);
}

/** EXPLAIN and its kin may end without writing a file; that is an empty result. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
}

function head(reply: ServerResponse, format: string, metrics: QueryMetrics): void {
  reply.setHeader('X-ClickHouse-Format', format);
  reply.setHeader('content-type', contentTypeOf(format));
  reply.setHeader(
    'X-ClickHouse-Summary',
    JSON.stringify({
      read_rows: String(metrics.readRows),
      read_bytes: String(metrics.readBytes),
      elapsed_ns: String(Math.round(metrics.elapsedSeconds * 1e9)),
    }),
  );
}

function contentTypeOf(format: string): string {
  if (/^JSON.*EachRow|NDJSON/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  if (format.startsWith('TabSeparated') || format.startsWith('TSV')) {
    return 'text/tab-separated-values; charset=UTF-8';
  }
  return /^(RowBinary|Native|Parquet|Arrow|ORC|Avro|MsgPack)/.test(format)
    ? 'application/octet-stream'
    : 'text/plain; charset=UTF-8';
}
