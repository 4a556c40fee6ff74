import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Refused } from '@ledgerline/kernel';
import {
  Catch,
  Controller,
  Module,
  type ArgumentsHost,
  type ExceptionFilter,
  type NestApplicationOptions,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ContractModule } from './contract.module.js';
import { assertCoverage, boundOperations, servedByIngest } from './coverage.js';
import { useRawBodies } from './raw-bodies.js';
import { Operation } from './operation.js';
import { operationIds, operationRow, type OpReply, type OpRequest } from './operations.js';
import { problemMedia, problemOf, toProblem } from './problem.js';
import { mediaReply } from './reply.js';
import { registerReplyValidation } from './reply-validation.js';
import { unbound } from './unbound.js';
import { validateReply } from './validate-reply.js';

const seen: unknown[] = [];
const brokenReplies: string[] = [];
let createdMeterSlug: unknown = 'tokens';

const meter = (slug: unknown): OpReply<'createMeter'> => ({
  id: '01G65Z755AFWAKHE12NY0CQ9FH',
  slug: slug as string,
  aggregation: 'SUM',
  eventType: 'prompt',
  valueProperty: '$.tokens',
  createdAt: '2024-01-01T01:01:01.001Z',
  updatedAt: '2024-01-01T01:01:01.001Z',
});

@Controller()
class TestController {
  @Operation('createMeter')
  create(request: OpRequest<'createMeter'>): Promise<OpReply<'createMeter'>> {
    seen.push(request);
    return Promise.resolve(meter(createdMeterSlug));
  }

  @Operation('deleteMeter')
  delete(request: OpRequest<'deleteMeter'>): Promise<void> {
    seen.push(request.path.meterIdOrSlug);
    return Promise.resolve();
  }

  @Operation('queryMeter')
  query(request: OpRequest<'queryMeter'>): OpReply<'queryMeter'> {
    seen.push(request.query);
    if (request.headers['accept'] === 'text/csv')
      return mediaReply({ contentType: 'text/csv', body: 'window_start,value\n' });
    return { data: [] };
  }

  @Operation('getDebugMetrics')
  metrics(): OpReply<'getDebugMetrics'> {
    return mediaReply({ contentType: 'text/plain', body: 'up 1\n' });
  }
}

@Catch()
class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const problem =
      error instanceof Refused ? toProblem(error.refusal, request.id) : problemOf(500, request.id);
    void reply.status(problem.status).type(problemMedia).send(JSON.stringify(problem));
  }
}

const boundHere = ['createMeter', 'deleteMeter', 'queryMeter', 'getDebugMetrics'] as const;
const unboundHere = unbound.filter((id) => !(boundHere as readonly string[]).includes(id));

@Module({ imports: [ContractModule.forRoot(unboundHere)], controllers: [TestController] })
class TestModule {}

describe('@Operation over HTTP', () => {
  let app: NestFastifyApplication;
  let base: string;

  beforeAll(async () => {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest documents its options as a plain object
    const options: NestApplicationOptions = { logger: ['error'], bodyParser: false };
    const adapter = new FastifyAdapter({ routerOptions: { maxParamLength: 512 } });
    app = await NestFactory.create<NestFastifyApplication>(TestModule, adapter, options);
    useRawBodies(app.getHttpAdapter().getInstance());
    registerReplyValidation(app.getHttpAdapter().getInstance(), {
      onBroken: (reason) => brokenReplies.push(reason),
    });
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    base = await app.getUrl();
  });

  afterAll(() => app.close());

  const post = (path: string, body: string, type = 'application/json'): Promise<Response> =>
    fetch(base + path, { method: 'POST', headers: { 'content-type': type }, body });
  const asMeter = { slug: 'tokens', aggregation: 'SUM', eventType: 'prompt', valueProperty: '$.tokens' };

  it('answers createMeter with 200, the override, and the validated body', async () => {
    const reply = await post('/api/v1/meters', JSON.stringify(asMeter), 'application/json; charset=utf-8');
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ slug: 'tokens' });
    expect(seen.at(-1)).toMatchObject({
      body: asMeter,
      context: { namespace: 'default', actor: 'anonymous' },
    });
  });

  it('names the wrong field in a problem document', async () => {
    const reply = await post('/api/v1/meters', JSON.stringify({ ...asMeter, aggregation: 'MEDIAN' }));
    expect(reply.status).toBe(400);
    expect(reply.headers.get('content-type')).toContain(problemMedia);
    expect(await reply.json()).toMatchObject({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: expect.stringContaining('$.aggregation'),
      extensions: {
        validationErrors: [{ field: '$.aggregation', code: 'schema.enum', severity: 'critical' }],
      },
    });
  });

  it('answers a void operation with 204 and no body', async () => {
    const reply = await fetch(`${base}/api/v1/meters/tokens`, { method: 'DELETE' });
    expect(reply.status).toBe(204);
    expect(await reply.text()).toBe('');
    expect(seen.at(-1)).toBe('tokens');
  });

  it('CSV replies: queryMeter answers JSON or CSV, getDebugMetrics text', async () => {
    const path = '/api/v1/meters/tokens/query?subject=a&subject=b%2Cc&filterGroupBy[model]=x';
    const json = await fetch(base + path);
    expect(await json.json()).toEqual({ data: [] });
    expect(seen.at(-1)).toEqual(
      expect.objectContaining({ subject: ['a', 'b,c'], filterGroupBy: { model: 'x' } }),
    );
    const csv = await fetch(base + path, { headers: { accept: 'text/csv' } });
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(await csv.text()).toBe('window_start,value\n');
    const text = await fetch(`${base}/api/v1/debug/metrics`);
    expect(await text.text()).toBe('up 1\n');
  });

  it('refuses another content type with 400, as the contract says', async () => {
    const reply = await post('/api/v1/meters', 'slug: tokens', 'application/yaml');
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ detail: expect.stringContaining('application/yaml') });
  });

  it.each([
    ['broken JSON', '{'],
    ['no bytes', ''],
    ['a control character', '\u0000'],
    ['a polluting name', '{"__proto__":{"admin":true}}'],
    ['an escaped polluting name', '{"a":[{"\\u005f_proto__":1}]}'],
    ['endless nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['null', 'null'],
  ])('answers 400 to a body of %s', async (body) => {
    const reply = await post('/api/v1/meters', body);
    expect(reply.status).toBe(400);
    expect(validateReply('createMeter', 400, { 'content-type': problemMedia }, await reply.json())).toEqual(
      [],
    );
  });

  it('turns a reply that breaks the contract into a 500 that says why', async () => {
    createdMeterSlug = 7;
    const reply = await post('/api/v1/meters', JSON.stringify(asMeter));
    createdMeterSlug = 'tokens';
    expect(reply.status).toBe(500);
    expect(await reply.json()).toMatchObject({ detail: expect.stringContaining('$.slug must be string') });
    expect(brokenReplies.at(-1)).toContain('createMeter');
  });

  it('answers 501 for every unbound operation of both documents', async () => {
    for (const id of unboundHere) {
      const { method, path } = operationRow(id);
      const reply = await fetch(base + path.replaceAll(/\{[^}]+\}/g, 'x'), { method });
      expect([id, reply.status]).toEqual([id, 501]);
      expect(await reply.json()).toMatchObject({ status: 501, title: 'Not Implemented' });
    }
  });

  it('finds what is bound, and holds it against the documents', () => {
    expect([...boundOperations(app)].sort()).toEqual([...boundHere].sort());
    expect(() =>
      assertCoverage(operationIds.filter((id) => !unbound.includes(id) && id !== 'ingestEvents')),
    ).not.toThrow();
    expect(() => assertCoverage(['ingestEvents'], servedByIngest)).toThrow(
      /ingestEvents: bound and served elsewhere/,
    );
  });

  it('an unknown operation id fails at load', () => {
    // @ts-expect-error no document has it
    expect(() => Operation('createUnicorn')).toThrow(/createUnicorn/);
  });
});
