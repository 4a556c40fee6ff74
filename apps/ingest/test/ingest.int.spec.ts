import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually, isolated, type Isolated } from '@ledgerline/testkit';
import { CompactedPublisher, openKafka } from '@ledgerline/platform/kafka';
import { CloudEvent, HTTP } from 'cloudevents';
import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { anEvent, createTopic, type IngestRig, openIngest, type RigOptions } from './ingest-rig.js';

jest.setTimeout(60_000);

interface ProblemBody {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly extensions?: { validationErrors?: { field: string; code: string }[]; unlistedIssues?: number };
}
async function problemOf(reply: Response): Promise<ProblemBody> {
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const body = (await reply.json()) as ProblemBody;
  expect(body.status).toBe(reply.status);
  expect(body.instance).toBe(`urn:request:${reply.headers.get('x-request-id') ?? ''}`);
  return body;
}

let corner: Isolated;
let options: RigOptions;
let rig: IngestRig;
beforeAll(async () => {
  corner = await isolated();
  options = { brokers: corner.kafkaBrokers, topicPrefix: corner.kafkaTopicPrefix };
  await createTopic(options);
  rig = await openIngest(options);
});
afterAll(async () => {
  await rig.close();
  await corner.dispose();
});

const storedById = async (id: string) => (await rig.stored()).filter((event) => event.id === id);
const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const json = { 'content-type': 'application/json' };

describe('an accepted request', () => {
  it.each([
    ['structured', structured, (id: string) => JSON.stringify(anEvent(id))],
    ['batch', {}, (id: string) => JSON.stringify([anEvent(id)])],
    ['a JSON object', json, (id: string) => JSON.stringify(anEvent(id))],
    ['a JSON array', json, (id: string) => JSON.stringify([anEvent(id), anEvent(`${id}-b`)])],
    ['with a byte order mark', json, (id: string) => `\ufeff${JSON.stringify(anEvent(id))}`],
  ])('%s: 204 without a body, and the event is in the topic', async (name, headers, body) => {
    const id = `accepted-${name}`;
    const reply = await rig.post(body(id), headers);
    expect(reply.status).toBe(204);
    expect(await reply.text()).toBe('');
    expect(await storedById(id)).toMatchObject([
      { namespace: 'default', source: 'spec', type: 'prompt', subject: 'customer-1', data: null },
    ]);
  });

  it('is in the topic when 204 arrives, every event of it', async () => {
    const ids = Array.from({ length: 1000 }, (_, n) => `all-${n}`);
    const reply = await rig.post(JSON.stringify(ids.map((id) => anEvent(id, { data: { n: 1 } }))));
    expect(reply.status).toBe(204);
    const stored = (await rig.stored()).map(({ id }) => id).filter((id) => id.startsWith('all-'));
    expect(new Set(stored)).toEqual(new Set(ids));
    expect(stored).toHaveLength(1000);
  });

  it('keeps every digit, with the text as sent beside it', async () => {
    const body = JSON.stringify(anEvent('digits')).replace(/}$/, ',"data":{ "n" : 0.1234567890123456789 }}');
    expect((await rig.post(body, json)).status).toBe(204);
    expect(await storedById('digits')).toMatchObject([
      { data: '{"n":"0.1234567890123456789"}', dataSent: '{ "n" : 0.1234567890123456789 }' },
    ]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('may be compressed with %s', async (encoding, compress) => {
    const body = compress(JSON.stringify([anEvent(`compressed-${encoding}`)]));
    expect((await rig.post(body, { 'content-encoding': encoding })).status).toBe(204);
    expect(await storedById(`compressed-${encoding}`)).toHaveLength(1);
  });

  it('gives its request id back', async () => {
    const reply = await rig.post(JSON.stringify([anEvent('request-id')]), { 'x-request-id': 'mine-1' });
    expect(reply.headers.get('x-request-id')).toBe('mine-1');
  });
});

describe('a receipt', () => {
  const prefer = { prefer: 'return=representation' };

  it('names every accepted event with 200, once Kafka has them', async () => {
    const reply = await rig.post(JSON.stringify([anEvent('receipt-1'), anEvent('receipt-2')]), prefer);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('preference-applied')).toBe('return=representation');
    expect(await reply.json()).toEqual({
      verdict: 'accepted',
      events: [
        { index: 0, id: 'receipt-1', source: 'spec', status: 'accepted' },
        { index: 1, id: 'receipt-2', source: 'spec', status: 'accepted' },
      ],
    });
    expect(await storedById('receipt-2')).toHaveLength(1);
  });

  it('is given for a binary request too', async () => {
    const event = new CloudEvent({
      id: 'receipt-b',
      source: '/spec',
      type: 't',
      subject: 's',
      data: { a: 1 },
    });
    const { body, headers } = HTTP.binary(event);
    const reply = await rig.post(String(body), { ...(headers as Record<string, string>), ...prefer });
    expect([reply.status, await reply.json()]).toEqual([
      200,
      { verdict: 'accepted', events: [{ index: 0, id: 'receipt-b', source: '/spec', status: 'accepted' }] },
    ]);
  });

  it('says what is wrong with each event when one is, and nothing is stored', async () => {
    const events = [anEvent('receipt-3'), anEvent('receipt-4', { subject: '' })];
    const reply = await rig.post(JSON.stringify(events), prefer);
    expect(reply.status).toBe(400);
    expect(reply.headers.get('preference-applied')).toBeNull();
    const problem = await problemOf(reply);
    expect(problem.extensions).toMatchObject({
      validationErrors: [{ field: '$[1].subject' }],
      receipt: {
        verdict: 'refused',
        events: [
          { index: 0, id: 'receipt-3', status: 'valid' },
          { index: 1, id: 'receipt-4', status: 'invalid', reasons: ['subject must not be empty'] },
        ],
      },
    });
    expect(await storedById('receipt-3')).toEqual([]);
  });

  it('is left out where nobody asked for one, or nothing could be understood', async () => {
    expect(
      (await rig.post(JSON.stringify([anEvent('receipt-5')]), { prefer: 'return=minimal' })).status,
    ).toBe(204);
    const problem = await problemOf(await rig.post('[{', prefer));
    expect([problem.status, problem.extensions]).toEqual([400, undefined]);
  });
});

describe('the CloudEvents library', () => {
  const event = new CloudEvent({
    id: 'library',
    source: '/spec',
    type: 'com.example.prompt',
    subject: 'customer-1',
    time: '2024-05-06T07:08:09.010Z',
    data: { tokens: 12 },
  });
  it.each(['binary', 'structured'] as const)('is understood in %s mode', async (mode) => {
    const before = (await storedById('library')).length;
    const { body, headers } = HTTP[mode](event);
    expect((await rig.post(String(body), headers as Record<string, string>)).status).toBe(204);
    const stored = await storedById('library');
    expect(stored).toHaveLength(before + 1);
    expect(stored.at(-1)).toMatchObject({
      source: '/spec',
      type: 'com.example.prompt',
      subject: 'customer-1',
      timeSeconds: Date.parse('2024-05-06T07:08:09Z') / 1000,
      data: '{"tokens":12}',
    });
  });

  it('is understood in binary mode without a content type, its headers percent-decoded', async () => {
    const reply = await rig.post(Buffer.from('{"a":1}'), {
      'content-type': '',
      ...{
        'ce-id': 'bare',
        'ce-source': 's',
        'ce-specversion': '1.0',
        'ce-type': 't',
        'ce-subject': 'caf%C3%A9',
      },
    });
    expect(reply.status).toBe(204);
    expect(await storedById('bare')).toMatchObject([{ subject: 'café', data: '{"a":1}' }]);
  });
});

describe('a refused request', () => {
  it('400 names every bad event, and nothing of it is stored', async () => {
    const reply = await rig.post(
      JSON.stringify([
        anEvent('all-or-nothing'),
        anEvent('x', { subject: '' }),
        anEvent('y', { time: 'noon' }),
      ]),
    );
    expect(reply.status).toBe(400);
    const problem = await problemOf(reply);
    expect(problem.detail).toContain('2 of 3 events');
    expect(problem.extensions?.validationErrors).toMatchObject([
      { field: '$[1].subject', code: 'too_short' },
      { field: '$[2].time', code: 'invalid_format' },
    ]);
    expect(await storedById('all-or-nothing')).toEqual([]);
  });

  it.each<[number, string, string | Uint8Array, Record<string, string>]>([
    [400, 'no JSON', '{', json],
    [400, 'no body', '', json],
    [400, 'no events', '[]', {}],
    [400, 'bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), json],
    [400, 'a damaged gzip body', Buffer.from('nonsense'), { 'content-encoding': 'gzip' }],
    [413, 'a body of more than 1 MiB', ' '.repeat(1_048_577), json],
    [413, 'a gzip bomb', gzipSync(Buffer.alloc(100_000_000)), { 'content-encoding': 'gzip' }],
    [413, 'a batch of more than 1000', JSON.stringify(Array.from({ length: 1001 }, () => anEvent('x'))), {}],
    [415, 'another content type', '{}', { 'content-type': 'text/plain' }],
    [415, 'no content type', Buffer.from('{}'), { 'content-type': '' }],
    [415, 'another CloudEvents format', '{}', { 'content-type': 'application/cloudevents+avro' }],
    [415, 'a broken content type', '{}', { 'content-type': 'application json' }],
    [415, 'another content encoding', '{}', { 'content-encoding': 'zstd' }],
  ])('%d: %s', async (status, _, body, headers) => {
    const reply = await rig.post(body, headers);
    expect(reply.status).toBe(status);
    await problemOf(reply);
  });

  it.each([
    ['600,000 keys', `{"data":{${Array.from({ length: 600_000 }, (_, n) => `"${n}":1`).join(',')}}}`],
    ['brackets', '['.repeat(8_000_000)],
    ['open strings', '"\\'.repeat(4_000_000)],
  ])('a bomb of %s is refused without holding up the others', async (_, bomb) => {
    // The default quality of 11 would take the test seconds.
    const compressed = brotliCompressSync(bomb, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } });
    expect(compressed.length).toBeLessThan(1_048_576);
    const started = performance.now();
    const [reply, other] = await Promise.all([
      rig.post(compressed, { ...json, 'content-encoding': 'br' }),
      rig.post(JSON.stringify([anEvent('beside-a-bomb')])),
    ]);
    expect([reply.status, other.status]).toEqual([400, 204]);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('stays one of its own: the prototype of objects is untouched', async () => {
    const body = JSON.stringify(anEvent('pollution')).replace(
      /}$/,
      ',"__proto__":{"polluted":1},"data":{"__proto__":{"polluted":1}}}',
    );
    expect((await rig.post(body, json)).status).toBe(204);
    expect(await storedById('pollution')).toMatchObject([{ data: '{"__proto__":{"polluted":1}}' }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['GET', '/api/v1/events'],
    ['POST', '/api/v1/meters'],
    ['POST', '/'],
    ['PUT', '/api/v1/events'],
  ])('404: %s %s', async (method, path) => {
    const reply = await fetch(`${rig.url}${path}`, { method });
    expect(reply.status).toBe(404);
    await problemOf(reply);
  });
});

describe('a limit on requests', () => {
  it('429 with Retry-After', async () => {
    const limited = await openIngest({ ...options, env: { LEDGERLINE_INGEST_REQUESTS_PER_SECOND: '2' } });
    try {
      const replies = await Promise.all(
        Array.from({ length: 6 }, (_, n) => limited.post(JSON.stringify([anEvent(`limited-${n}`)]))),
      );
      const refused = replies.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThanOrEqual(3);
      for (const reply of refused) {
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        await problemOf(reply);
      }
    } finally {
      await limited.close();
    }
  });
});

describe('a slow sender', () => {
  it('is cut off with 408, and what it sent is let go', async () => {
    const impatient = await openIngest({ ...options, patience: { requestTimeoutMs: 500 } });
    try {
      const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
      socket.write(
        'POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"',
      );
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      await eventually(() => impatient.metric('ledgerline_ingest_body_bytes').then((bytes) => bytes === 4), {
        what: 'the body to be on its way',
      });
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(answer).toContain('application/problem+json');
      await eventually(() => impatient.metric('ledgerline_ingest_body_bytes').then((bytes) => bytes === 0), {
        what: 'the body to be let go',
      });
    } finally {
      await impatient.close();
    }
  });
});

describe('a topic with another number of partitions', () => {
  it('keeps the service from becoming ready', async () => {
    const wrong = await openIngest({
      ...options,
      env: { LEDGERLINE_KAFKA_PARTITIONS: '3' },
      awaitReady: false,
    });
    await eventually(
      async () => (await wrong.readiness()).includes('has 2 partitions, kafka.partitions says 3'),
      {
        what: 'the reason to be named',
      },
    );
    expect(await wrong.ready()).toBe(false);
    await wrong.close();
  });
});

describe('with a virtual clock', () => {
  it('dates events by it, refuses while it is not known, and sees every move', async () => {
    const topic = `${options.topicPrefix}clock`;
    const kafka = openKafka({
      brokers: options.brokers,
      service: 'ingest-spec',
      logger: pino({ level: 'silent' }),
    });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }],
      waitForLeaders: true,
    });
    await admin.disconnect();
    const publisher = new CompactedPublisher(kafka, topic);
    const virtual = await openIngest({ ...options, env: { LEDGERLINE_CLOCK_MODE: 'virtual' } });
    try {
      const early = await virtual.post(JSON.stringify([anEvent('virtual-early')]));
      expect(early.status).toBe(503);
      expect((await problemOf(early)).detail).toContain('the time is not known');
      for (const at of ['2031-02-03T04:05:06Z', '2031-05-03T00:00:00Z']) {
        await publisher.publish('now', at);
        expect((await virtual.post(JSON.stringify([anEvent(`virtual-${at}`)]))).status).toBe(204);
        const atMs = Date.parse(at);
        expect(await storedById(`virtual-${at}`)).toMatchObject([
          { ingestedAtMs: atMs, timeSeconds: atMs / 1000 },
        ]);
      }
    } finally {
      await virtual.close();
      await publisher.close();
    }
  });
});

describe('metrics', () => {
  it('count accepted events', async () => {
    const before = await rig.metric('ledgerline_ingest_events_accepted_total');
    await rig.post(JSON.stringify([anEvent('counted-1'), anEvent('counted-2')]));
    expect(await rig.metric('ledgerline_ingest_events_accepted_total')).toBe(before + 2);
  });
});
