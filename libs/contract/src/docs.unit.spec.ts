import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { registerDocs } from './docs.js';

const yamlOf = (name: string): Promise<string> =>
  readFile(new URL(`../openapi/${name}.openapi.yaml`, import.meta.url), 'utf8');

interface Answer {
  readonly statusCode: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('served documents', () => {
  let server: FastifyInstance;
  let port: number;

  // Unlike fetch, this sends the path as it is written.
  const get = async (path: string): Promise<Answer> => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path }, resolve).on('error', reject).end();
    });
    return { statusCode: response.statusCode, headers: response.headers, body: await text(response) };
  };

  beforeAll(async () => {
    server = fastify();
    registerDocs(server);
    await server.listen({ host: '127.0.0.1', port: 0 });
    port = (server.server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  it('the given document is unchanged', async () => {
    // Of the file as it was handed over; a change here is a change of the wire contract.
    const given = '7afbbc7e757b685214837ee0b8963088a2b32f419233ffe20b6b959d64c572c7';
    expect(
      createHash('sha256')
        .update(await yamlOf('openmeter'))
        .digest('hex'),
    ).toBe(given);
  });

  it.each([
    ['/api/swagger.json', 'openmeter'],
    ['/api/ledgerline/swagger.json', 'ledgerline'],
  ])('%s equals the YAML', async (url, name) => {
    const reply = await get(url);
    expect(reply.headers['content-type']).toContain('application/json');
    expect(JSON.parse(reply.body)).toEqual(parse(await yamlOf(name)));
  });

  it('serves the YAML itself', async () => {
    expect((await get('/api/openmeter.openapi.yaml')).body).toBe(await yamlOf('openmeter'));
  });

  it('serves a page whose every part comes from here', async () => {
    const page = await get('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.body).not.toMatch(/https?:\/\//);
    const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
    expect(parts.length).toBeGreaterThan(3);
    for (const url of parts) expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
    const initializer = await get('/docs/initializer.js');
    expect(initializer.body).toContain('/api/swagger.json');
    expect(initializer.body).toContain('/api/ledgerline/swagger.json');
  });

  it.each([
    '/docs/../package.json',
    '/docs/..%2f..%2fpackage.json',
    '/docs/%2e%2e/package.json',
    '/docs/package.json',
    '/docs//etc/passwd',
    '/docs/__proto__',
  ])('has nothing at %s', async (url) => {
    expect((await get(url)).statusCode).toBe(404);
  });
});
