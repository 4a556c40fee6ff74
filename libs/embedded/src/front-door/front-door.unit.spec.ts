import { afterEach, describe, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { connect } from 'node:net';
import type { AccessEntry } from './access-log.js';
import { createFrontDoor } from './front-door.js';

const bodyMaxBytes = { ingest: 2_000_000, billing: 1_000 };
const opened: FastifyInstance[] = [];

const listen = async (app: FastifyInstance): Promise<string> => {
  opened.push(app);
  return app.listen({ host: '127.0.0.1', port: 0 });
};

const service = async (name: string): Promise<string> => {
  const app = Fastify({ bodyLimit: 4 * 1024 * 1024 });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.all('/*', async (request, reply) => {
    await reply.code(name === 'ingest' && request.method === 'POST' ? 202 : 200).send({
      service: name,
      method: request.method,
      url: request.url,
      type: request.headers['content-type'],
      requestId: request.headers['x-request-id'],
      bytes: Buffer.isBuffer(request.body) ? request.body.length : 0,
    });
  });
  return listen(app);
};

const door = async (): Promise<{ url: string; log: AccessEntry[] }> => {
  const log: AccessEntry[] = [];
  const accessLog = { write: (entry: AccessEntry) => void log.push(entry), close: () => Promise.resolve() };
  const [ingestUrl, billingUrl] = [await service('ingest'), await service('billing')];
  return {
    url: await listen(await createFrontDoor({ ingestUrl, billingUrl, bodyMaxBytes, accessLog })),
    log,
  };
};

/** What comes back for these very bytes. */
const say = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket
      .on('data', (chunk: Buffer) => (answer += chunk.toString()))
      .on('error', reject)
      .on('close', () => {
        resolve(answer);
      });
  });

describe('front door', () => {
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((app) => app.close()));
  });

  it('sends posted events to ingest and everything else to billing', async () => {
    const { url } = await door();
    const ask = async (method: string, path: string): Promise<string> => {
      const response = await fetch(url + path, { method });
      return ((await response.json()) as { service: string; url: string }).service;
    };
    expect(await ask('POST', '/api/v1/events')).toBe('ingest');
    expect(await ask('GET', '/api/v1/events?limit=1')).toBe('billing');
    expect(await ask('POST', '/api/v1/meters')).toBe('billing');
    expect(await ask('DELETE', '/api/v1/meters/x')).toBe('billing');
  });

  it('carries bodies, content types, queries and request ids as they are', async () => {
    const { url } = await door();
    const response = await fetch(`${url}/api/v1/events?x=1&x=2`, {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents-batch+json; charset=utf-8',
        'x-request-id': 'abc-1',
      },
      body: 'é'.repeat(700_000),
    });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      url: '/api/v1/events?x=1&x=2',
      type: 'application/cloudevents-batch+json; charset=utf-8',
      requestId: 'abc-1',
      bytes: 1_400_000,
    });
  });

  it('carries preflights of web pages and the headers of their answers', async () => {
    const billing = Fastify();
    billing.options('/api/v1/portal/meters/x/query', async (request, reply) => {
      await reply
        .code(204)
        .header('access-control-allow-origin', request.headers.origin)
        .header('access-control-allow-headers', request.headers['access-control-request-headers'])
        .send();
    });
    const billingUrl = await listen(billing);
    const url = await listen(await createFrontDoor({ ingestUrl: billingUrl, billingUrl, bodyMaxBytes }));
    const answer = await fetch(`${url}/api/v1/portal/meters/x/query`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-headers': 'authorization' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization');
  });

  it('tells a client to go on that waits for it before it sends its body', async () => {
    const { url } = await door();
    const head = 'host: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close';
    const answer = await say(url, `POST /api/v1/events HTTP/1.1\r\n${head}\r\n\r\n{}`);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /);
  });

  it('does not take over a request id that could break a log line', async () => {
    const { url } = await door();
    const response = await fetch(`${url}/x`, { headers: { 'x-request-id': 'a b' } });
    expect(((await response.json()) as { requestId: string }).requestId).toMatch(/^[0-9A-Z]{26}$/);
  });

  it('answers 503 with Retry-After while a service is away', async () => {
    const away = 'http://127.0.0.1:9';
    const app = await createFrontDoor({ ingestUrl: away, billingUrl: away, bodyMaxBytes });
    const url = await listen(app);
    for (const method of ['POST', 'GET']) {
      const response = await fetch(`${url}/api/v1/events`, { method });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('refuses a body that its service would refuse, with an answer that arrives', async () => {
    const { url } = await door();
    for (const [path, bytes] of [
      ['/api/v1/events', 2_000_001],
      ['/api/v1/meters', 1_001],
    ] as const) {
      const response = await fetch(url + path, { method: 'POST', body: 'x'.repeat(bytes) });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ title: 'Payload Too Large', status: 413 });
    }
    expect((await fetch(`${url}/api/v1/events`, { method: 'POST', body: 'x'.repeat(1_001) })).status).toBe(
      202,
    );
  });

  it.each([
    [404, 'a method that it does not pass on', 'TRACE /api/v1/meters HTTP/1.1\r\nhost: x\r\n'],
    [400, 'a path that leads out of the tree', 'GET /api/v1/meters/..%2F..%2Fx HTTP/1.1\r\nhost: x\r\n'],
    [400, 'a path that cannot be decoded', 'GET /api/%ZZ HTTP/1.1\r\nhost: x\r\n'],
    [
      415,
      'a content type that is none',
      'POST /x HTTP/1.1\r\nhost: x\r\ncontent-type: ;;\r\ncontent-length: 0\r\n',
    ],
    [400, 'what is no request', 'nonsense\r\n'],
    [431, 'a head without end', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n`],
  ])('answers %i as a problem to %s', async (status, _what, head) => {
    const { url } = await door();
    const answer = await say(url, `${head}connection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/^content-type: application\/problem\+json\r$/m);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      type: 'about:blank',
      status,
    });
  });

  it('never answers 503 without saying when to come again, not even while it closes', async () => {
    let arrived: () => void = () => undefined;
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    let free: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (free = resolve));
    const slow = Fastify();
    slow.get('/slow', async () => {
      arrived();
      await gate;
      return 'done';
    });
    const billingUrl = await listen(slow);
    const app = await createFrontDoor({ ingestUrl: billingUrl, billingUrl, bodyMaxBytes });
    const url = await listen(app);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    const closed = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('close', () => resolve());
    });
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await isThere;
    const closing = app.close();
    while (app.server.listening) await new Promise((resolve) => setImmediate(resolve));
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => socket.write('', resolve));
    free();
    await closing;
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    const refusals = answer.match(/HTTP\/1\.1 503 [^]*?\r\n\r\n/g) ?? [];
    expect(refusals.filter((head) => !/^retry-after: \d+\r$/m.test(head))).toEqual([]);
  });

  it('writes one line for each request, without its query', async () => {
    const { url, log } = await door();
    await (await fetch(`${url}/api/v1/meters?secret=1`)).text();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ method: 'GET', path: '/api/v1/meters', status: 200 });
  });
});
