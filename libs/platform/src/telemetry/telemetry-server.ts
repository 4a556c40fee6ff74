import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { reasonOf } from './reason.js';

/** One thing that must hold before this service can do its work. Answers why not, or undefined when it holds. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<string | undefined>;
}

export interface TelemetryOptions {
  readonly host: string;
  readonly port: number;
  readonly checks: readonly Check[];
  readonly registry: Registry;
}

export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

// A check that hangs is a check that fails; probes usually give up after this long too.
const checkTimeoutMs = 3_000;

/** Serves /healthz/live, /healthz/ready and /metrics on a port of their own, so that they answer when the service cannot. */
export async function startTelemetryServer(options: TelemetryOptions): Promise<TelemetryServer> {
  const server = createServer((request, response) => {
    answer(request, options).then(
      ({ status, type, body }) => send(response, status, type, body),
      (error: unknown) => send(response, 500, 'text/plain', reasonOf(error)),
    );
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer(request: IncomingMessage, { checks, registry }: TelemetryOptions): Promise<Answer> {
  const path = (request.url ?? '').split('?')[0];
  if (path === '/metrics') {
    return { status: 200, type: registry.contentType, body: await registry.metrics() };
  }
  if (path === '/healthz/live') return json(200, { status: 'live' });
  if (path !== '/healthz/ready') return json(404, { status: 'unknown path' });
  const results = await Promise.all(checks.map(runCheck));
  const ready = results.every((result) => result.ok);
  return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks: results });
}

const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

async function runCheck(check: Check): Promise<{ name: string; ok: boolean; reason?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${checkTimeoutMs} ms`), checkTimeoutMs);
  });
  const reason = await Promise.race([check.run().catch(reasonOf), late]);
  clearTimeout(timer);
  return reason === undefined ? { name: check.name, ok: true } : { name: check.name, ok: false, reason };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
