import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refusal, Refused, systemClock } from '@ledgerline/kernel';
import { Controller, Delete, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { createHttpApp } from './create-http-app.js';

@Controller('/things')
class ThingsController {
  @Get('/:id')
  get(): never {
    throw new Refused(refusal.notFound('thing not found', { extensions: { id: 'x' } }));
  }
  @Post('/:id')
  create(): { made: boolean } {
    return { made: true };
  }
  @Delete('/:id')
  remove(): never {
    throw new Error('secret connection string');
  }
  @Get('/busy/now')
  busy(): never {
    throw new Refused(refusal.unavailable('come back', { retryAfterSeconds: 7 }));
  }
  @Get('/nul/byte')
  nul(): never {
    throw Object.assign(new Error('invalid byte sequence'), { driverError: { code: '22021' } });
  }
}
@Module({ controllers: [ThingsController] })
class Things {}

let app: NestFastifyApplication;
const logged: string[] = [];
let refreshed = 0;
let url = '';
beforeAll(async () => {
  app = await createHttpApp(Things, {
    logger: pino({ level: 'error' }, { write: (line: string) => logged.push(line) }),
    bodyMaxBytes: 100,
    clock: {
      now: () => systemClock.now(),
      refresh: () => {
        refreshed += 1;
        return Promise.resolve();
      },
    },
    validateReplies: true,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = await app.getUrl();
});
afterAll(() => app.close());

async function send(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const reply = await fetch(url + path, {
    method,
    headers: { 'x-request-id': 'req-1', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, body: JSON.parse(text) as Record<string, unknown> };
}

describe('createHttpApp', () => {
  it('answers a refusal as a problem document', async () => {
    const { status, headers, body } = await send('GET', '/things/1');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'thing not found',
      instance: 'urn:request:req-1',
      extensions: { id: 'x' },
    });
  });

  it('answers an unknown path with 404 and a known path’s unknown method with 405, both without detail', async () => {
    const bare = { type: 'about:blank', instance: 'urn:request:req-1' };
    expect((await send('GET', '/nowhere?x=1')).body).toEqual({ ...bare, title: 'Not Found', status: 404 });
    const wrong = await send('PUT', '/things/1?x=1');
    expect(wrong.body).toEqual({ ...bare, title: 'Method Not Allowed', status: 405 });
    expect(wrong.headers.get('allow')).toBe('DELETE, GET, HEAD, POST');
  });

  it('tells nobody but the log what broke', async () => {
    logged.length = 0;
    const { status, body } = await send('DELETE', '/things/1');
    expect(status).toBe(500);
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      instance: 'urn:request:req-1',
    });
    expect(logged.join()).toMatch(/secret connection string.*create-http-app\.int\.spec/);
    expect(logged.join()).toContain('"requestId":"req-1"');
  });

  it('says when to come back', async () => {
    const { status, headers } = await send('GET', '/things/busy/now');
    expect([status, headers.get('retry-after')]).toEqual([503, '7']);
  });

  it('blames the request for text that Postgres cannot hold', async () => {
    expect((await send('GET', '/things/nul/byte')).body).toMatchObject({
      status: 400,
      detail: expect.stringContaining('U+0000'),
    });
  });

  it('refuses a body over the limit', async () => {
    const { status, body } = await send(
      'POST',
      '/things/1',
      { 'content-type': 'application/json' },
      '"'.padEnd(101, 'x'),
    );
    expect(status).toBe(413);
    expect(body).toMatchObject({ title: 'Payload Too Large', instance: 'urn:request:req-1' });
  });

  it('takes a sane request id over, replaces any other, and echoes it', async () => {
    expect((await send('POST', '/things/1')).headers.get('x-request-id')).toBe('req-1');
    const made = (await send('POST', '/things/1', { 'x-request-id': 'a b\u00e9' })).headers.get(
      'x-request-id',
    );
    expect(made).toMatch(/^[0-9A-Z]{26}$/);
  });

  it('refreshes the clock before each request', async () => {
    const before = refreshed;
    await send('POST', '/things/1');
    expect(refreshed).toBe(before + 1);
  });

  it('answers a path it cannot decode with a problem', async () => {
    const { status, headers } = await send('GET', '/things/%E0%A4%A');
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
  });
});
