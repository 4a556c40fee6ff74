import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openKafka } from '@ledgerline/platform/kafka';
import { createLogger } from '@ledgerline/platform/telemetry';
import {
  eventually,
  freePortBlock,
  type Isolated,
  isolated,
  type RunningService,
  spawnService,
} from '@ledgerline/testkit';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** A collector: takes OTLP over HTTP in JSON and keeps the spans. */
function openCollector(): { server: Server; spans: Span[] } {
  const spans: Span[] = [];
  const server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: {
          resource: { attributes: { key: string; value: { stringValue?: string } }[] };
          scopeSpans: { spans: Span[] }[];
        }[];
      };
      for (const { resource, scopeSpans } of body.resourceSpans) {
        const service =
          resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ ...span, service });
      }
      reply.setHeader('content-type', 'application/json').end('{}');
    });
  });
  return { server, spans };
}

const deadlineMs = 60_000;
const offsets = { ingest: 8, sink: 9, api: 10, worker: 11, 'front-door': 12 } as const;
type Name = keyof typeof offsets;
const names = Object.keys(offsets) as Name[];
const entries: Record<Name, string> = {
  ingest: 'apps/ingest/dist/main.js',
  sink: 'apps/sink/dist/main.js',
  api: 'apps/billing/dist/main-api.js',
  worker: 'apps/billing/dist/main-worker.js',
  'front-door': 'libs/embedded/dist/front-door/main.js',
};
const traced = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

let corner: Isolated;
let dir = '';
let base = 0;
const collector = openCollector();
const services: RunningService[] = [];
const quiet = createLogger({ service: 'telemetry-spec', level: 'silent' });

beforeAll(async () => {
  corner = await isolated();
  dir = await mkdtemp(join(tmpdir(), 'ledgerline-telemetry-'));
  base = await freePortBlock(13);
  await new Promise<void>((resolve) => collector.server.listen(0, '127.0.0.1', resolve));
  const { port } = collector.server.address() as AddressInfo;
  const env = {
    LEDGERLINE_INSTANCE_PORT: String(base),
    LEDGERLINE_INSTANCE_DATA_DIR: dir,
    LEDGERLINE_POSTGRES_URL: corner.postgresUrl,
    LEDGERLINE_CLICKHOUSE_URL: corner.clickhouseUrl,
    LEDGERLINE_CLICKHOUSE_DATABASE: corner.clickhouseDatabase,
    LEDGERLINE_KAFKA_BROKERS: corner.kafkaBrokers.join(','),
    LEDGERLINE_KAFKA_TOPIC_PREFIX: corner.kafkaTopicPrefix,
    LEDGERLINE_REDIS_URL: corner.redisUrl,
    LEDGERLINE_REDIS_KEY_PREFIX: corner.redisPrefix,
    LEDGERLINE_SINK_BATCH_WAIT_MS: '50',
    LEDGERLINE_RETENTION_EVENTS_MONTHS: '12',
    LEDGERLINE_RETENTION_CHECK_EVERY_MS: '500',
    LEDGERLINE_TELEMETRY_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
    // Only who asks for it is traced.
    LEDGERLINE_TELEMETRY_TRACES_SAMPLE_RATIO: '0',
  };
  const start = (entry: string, name: string, readyUrl?: string): Promise<RunningService> =>
    spawnService({
      entry,
      env,
      logFile: join(dir, 'logs', `${name}.log`),
      deadlineMs,
      ...(readyUrl && { readyUrl }),
    });
  const migrated = await (await start('apps/billing/dist/main-migrate.js', 'migrate')).exited;
  if (migrated.code !== 0) throw new Error(await readFile(join(dir, 'logs', 'migrate.log'), 'utf8'));
  for (const name of names) {
    services.push(await start(entries[name], name, `http://127.0.0.1:${base + offsets[name]}/healthz/live`));
  }
  for (const name of names) {
    await eventually(async () => (await fetch(`${telemetry(name)}/healthz/ready`)).ok, {
      what: `${name} to be ready`,
      deadlineMs,
    });
  }
}, 180_000);

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await new Promise((resolve) => collector.server.close(resolve));
  await rm(dir, { recursive: true, force: true });
  await corner.dispose();
}, 60_000);

const telemetry = (name: Name): string => `http://127.0.0.1:${base + offsets[name]}`;

/** Our figures of a service: the sum of all samples of each name; a histogram by its count. */
async function figures(name: Name): Promise<Map<string, number>> {
  const text = await (await fetch(`${telemetry(name)}/metrics`)).text();
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const declared = /^# TYPE (ledgerline_\w+)/.exec(line)?.[1];
    if (declared !== undefined) found.set(declared, found.get(declared) ?? 0);
    const [, sample, value] = /^(ledgerline_\w+?)(?:_count)?(?:\{[^}]*\})? ([-+.\deE]+)$/.exec(line) ?? [];
    if (sample === undefined || !found.has(sample)) continue;
    found.set(sample, (found.get(sample) ?? 0) + Number(value));
  }
  return found;
}

async function allFigures(): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (const name of names) {
    for (const [figure, value] of await figures(name)) all.set(`${name} ${figure}`, value);
  }
  return all;
}

const door = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${base}${path}`, init);
const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const event = (id: string) => ({
  specversion: '1.0',
  id,
  source: 'spec',
  type: 'usage',
  subject: 'acme',
  data: { n: 1 },
});
const send = (events: readonly unknown[], headers: Record<string, string> = {}): Promise<Response> =>
  door('/api/v1/events', json(events, { 'content-type': 'application/cloudevents-batch+json', ...headers }));

/** Everything that moves figures, bad luck aside. */
async function beBusy(): Promise<void> {
  const meter = { slug: 'used', eventType: 'usage', aggregation: 'SUM', valueProperty: '$.n' };
  expect((await door('/api/v1/meters', json(meter))).status).toBe(200);
  const counted = async (events: number): Promise<boolean> => {
    const answer = (await (await door('/api/v1/meters/used/query')).json()) as { data: { value: number }[] };
    return answer.data[0]?.value === events;
  };
  const ids = Array.from({ length: 50 }, (_, at) => event(`e${at}`));
  expect((await send(ids)).status).toBe(204);
  await eventually(() => counted(50), { what: 'the events to be counted', deadlineMs });
  expect((await send([...ids, event('twice'), event('twice')])).status).toBe(204);
  expect((await send([{ nonsense: true }])).status).toBe(400);
  const producer = openKafka({ brokers: corner.kafkaBrokers, service: 'spec', logger: quiet }).producer();
  await producer.connect();
  await producer.send({
    topic: `${corner.kafkaTopicPrefix}usage-events`,
    messages: [{ partition: 0, value: 'no record of ours' }],
  });
  await producer.disconnect();
  await eventually(() => counted(51), { what: 'the new one to be counted', deadlineMs });
  await eventually(async () => ((await figures('sink')).get('ledgerline_sink_invalid_total') ?? 0) > 0, {
    what: 'the unreadable record to be stored',
    deadlineMs,
  });
}

// What moves only when something goes wrong, or shows a moment that has passed, or is 0 in a healthy instance.
const stillWhenHealthy = new Set(
  `ingest_produce_failures_total ingest_lane_bytes ingest_records_under_way ingest_body_bytes sink_lag_records
  sink_inserts_refused_total sink_restarts_total sink_filter_keys_over_budget sink_readings_failures_total sink_stopped
  readings_lag_records retention_rows_total retention_held_rows disk_size_bytes kafka_log_bytes transaction_retries_total
  progress_failures_total live_failures_total notices_lag_records metrics_failures_total queue_jobs
  outside_queue_jobs`
    .split(/\s+/)
    .map((name) => `ledgerline_${name}`),
);

async function documented(): Promise<{ figure: string; services: readonly Name[] }[]> {
  const text = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `(ledgerline_\w+)` *\| ([^|]+)\|/gm)].map(
    ([, figure = '', services = '']) => ({
      figure,
      services: services.split(',').map((name) => name.trim() as Name),
    }),
  );
}

describe('the figures of all services', () => {
  it('are those that the documentation lists, and move', async () => {
    const before = await allFigures();
    await beBusy();
    const table = await documented();
    expect(table.length).toBeGreaterThan(40);
    const listed = table
      .flatMap(({ figure, services }) => services.map((name) => `${name} ${figure}`))
      .sort();
    const after = await allFigures();
    expect([...after.keys()].sort()).toEqual(listed);
    const still = listed.filter((key) => {
      const figure = key.split(' ')[1]!;
      return !stillWhenHealthy.has(figure) && after.get(key) === before.get(key);
    });
    // Spans are sent with the requests of the test below.
    expect(still.filter((key) => !key.endsWith('trace_spans_total'))).toEqual([]);
  }, 120_000);

  it('say by closed lists why something was refused, repeated or dead', async () => {
    const lines = async (name: Name, figure: string): Promise<string[]> =>
      (await (await fetch(`${telemetry(name)}/metrics`)).text())
        .split('\n')
        .filter((line) => line.startsWith(`${figure}{`))
        .map((line) => line.replace(/service="[^"]*",?/, '').replace(',}', '}'))
        .sort();
    expect(await lines('sink', 'ledgerline_sink_duplicates_total')).toEqual([
      'ledgerline_sink_duplicates_total{reason="same-batch"} 1',
      'ledgerline_sink_duplicates_total{reason="stored"} 50',
    ]);
    expect(await lines('sink', 'ledgerline_sink_invalid_total')).toEqual([
      'ledgerline_sink_invalid_total{reason="arrival"} 0',
      'ledgerline_sink_invalid_total{reason="time"} 0',
      'ledgerline_sink_invalid_total{reason="unreadable"} 1',
    ]);
    expect(await lines('ingest', 'ledgerline_ingest_requests_refused_total')).toEqual([
      'ledgerline_ingest_requests_refused_total{reason="invalid"} 1',
    ]);
    const tables = (await lines('sink', 'ledgerline_clickhouse_table_rows')).map(
      (line) => line.split('"')[1],
    );
    expect(tables).toEqual(expect.arrayContaining(['events', 'readings', 'sink_claims']));
  });
});

describe('a trace', () => {
  it('leads from the request through the record to the insert', async () => {
    expect(collector.spans).toEqual([]);
    const traceparent = `00-${traced.traceId}-${traced.spanId}-01`;
    expect((await send([event('traced')], { traceparent })).status).toBe(204);
    expect((await send([event('untraced')])).status).toBe(204);
    await door('/api/v1/meters', { headers: { traceparent } });
    const spans = await eventually(() => (collector.spans.length >= 3 ? collector.spans : undefined), {
      what: 'three spans',
      deadlineMs,
    });
    const byName = new Map(spans.map((span) => [span.name, span]));
    expect([...byName.keys()].sort()).toEqual(['ingestEvents', 'listMeters', 'storeBatch']);
    expect(spans.every(({ traceId }) => traceId === traced.traceId)).toBe(true);
    const request = byName.get('ingestEvents');
    expect(request).toMatchObject({ service: 'ledgerline-ingest', parentSpanId: traced.spanId });
    expect(byName.get('listMeters')).toMatchObject({
      service: 'ledgerline-billing-api',
      parentSpanId: traced.spanId,
    });
    expect(byName.get('storeBatch')).toMatchObject({
      service: 'ledgerline-sink',
      parentSpanId: request?.spanId,
      links: [{ traceId: traced.traceId, spanId: request?.spanId }],
    });
    const headers = await recordHeaders();
    expect(headers.filter((header) => header !== undefined)).toEqual([
      `00-${traced.traceId}-${request?.spanId}-01`,
    ]);
    for (const name of ['ingest', 'sink', 'api'] as const) {
      expect((await figures(name)).get('ledgerline_trace_spans_total')).toBe(1);
    }
  }, 120_000);
});

/** The header of every record in the topic; undefined where there is none. */
async function recordHeaders(): Promise<(string | undefined)[]> {
  const topic = `${corner.kafkaTopicPrefix}usage-events`;
  const kafka = openKafka({ brokers: corner.kafkaBrokers, service: 'spec', logger: quiet });
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const records = ends.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  const found: (string | undefined)[] = [];
  const consumer = kafka.consumer({ groupId: `${topic}-spec`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message }) => {
      found.push(message.headers?.['traceparents']?.toString());
      return Promise.resolve();
    },
  });
  await eventually(() => found.length >= records, { what: `${records} records`, deadlineMs });
  await consumer.disconnect();
  return found;
}
