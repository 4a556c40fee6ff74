import { choice, flag, integer, port, ratio, text, texts, type Values } from './fields.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const loopback = '127.0.0.1';

/** Every setting there is. Environment names follow from it: `ingest.bodyMaxBytes` is LEDGERLINE_INGEST_BODY_MAX_BYTES. */
export const sections = {
  instance: {
    dataDir: text(
      '.ledgerline/data',
      'Everything an instance keeps on disk; a second instance needs its own.',
    ),
    port: integer({
      fallback: 8888,
      min: 1,
      max: 65_523, // twelve more ports follow the base port
      why: 'The front door; all other ports default to this one plus a fixed offset.',
    }),
  },
  clock: {
    mode: choice(
      ['system', 'virtual'],
      'system',
      'virtual lets a test or a demo move the time of the system.',
    ),
  },
  auth: {
    mode: choice(['none', 'api-key'], 'none', 'none is for one machine: it listens on loopback only.'),
    allowRemoteWithoutKey: flag(false, 'Opens an instance without keys to the network, on purpose only.'),
  },
  secrets: {
    keys: text(
      '',
      'Seal webhook and provider secrets: base64 of 32 bytes each, separated by commas, the newest first. The local instance makes its own.',
    ),
  },
  notifications: {
    allowPrivateAddresses: flag(
      false,
      'Lets webhooks reach private networks and plain http: for closed installations only, since whoever makes a channel chooses the address.',
    ),
    timeoutMs: integer({
      fallback: 15_000,
      min: 100,
      max: 60_000,
      why: 'For one delivery; senders of webhooks commonly wait 5 to 15 s.',
    }),
    concurrency: integer({
      fallback: 16,
      min: 1,
      max: 256,
      why: 'Deliveries at once in one worker: nearly all of one is waiting for its receiver, without a Postgres connection.',
    }),
  },
  portal: {
    enabled: flag(true, 'Whether end customers’ browsers may ask for their own usage with portal tokens.'),
    tokenSecret: text(
      '',
      'Signs portal tokens; empty: each namespace gets a random one, sealed with secrets.keys.',
      '^(.{32,1024})?$', // fewer characters than HS256 has bytes would weaken it
    ),
    tokenExpirationSeconds: integer({
      fallback: 3600,
      min: 1,
      max: 31_536_000,
      why: 'How long a token lives at most, and by default: a browser’s session, asked for anew.',
    }),
    corsEnabled: flag(true, 'Lets web pages of any origin use their portal tokens.'),
  },
  kafka: {
    brokers: texts((base) => [`${loopback}:${base + 3}`], 'host:port of at least one broker.'),
    topicPrefix: text('', 'Lets several instances or tests share one cluster.', '^[A-Za-z0-9._-]{0,64}$'),
    partitions: integer({
      fallback: 4,
      min: 1,
      max: 1024,
      why: 'Lanes of the ingest path. Cannot change once events are stored: the partition is part of identity.',
    }),
  },
  clickhouse: {
    url: text(
      (base) => `http://${loopback}:${base + 5}`,
      'HTTP interface of the gateway or of a real server.',
    ),
    database: text('default', 'Database that holds events and readings.', '^[A-Za-z0-9_]{1,64}$'),
    user: text('default', 'User of a real server; the gateway takes any.'),
    password: text('', 'Password of that user.'),
  },
  postgres: {
    url: text(
      (base) => `postgres://ledgerline@${loopback}:${base + 6}/ledgerline`,
      'Connection string of the database.',
    ),
    poolMax: integer({
      fallback: 10,
      min: 2,
      max: 500,
      why: 'Connections per process; a transaction uses one. Three processes of ten stay under Postgres’ default 100.',
    }),
  },
  redis: {
    url: text(
      (base) => `redis://${loopback}:${base + 7}`,
      'Home of the job queue; losing it costs time only.',
    ),
    keyPrefix: text(
      'ledgerline',
      'Lets several instances or tests share one Redis.',
      '^[A-Za-z0-9._:-]{1,64}$',
    ),
  },
  frontDoor: {
    host: text(loopback, 'Address of the one base URL; its port is instance.port.'),
    ingestUrl: text((base) => `http://${loopback}:${base + 1}`, 'Where POST /api/v1/events goes.'),
    billingUrl: text((base) => `http://${loopback}:${base + 2}`, 'Where everything else goes.'),
    telemetryPort: port(12, 'Health and metrics.'),
    accessLog: text('', 'File that gets one JSON line per request served; empty means none.'),
  },
  ingest: {
    host: text(loopback, 'Address to listen on.'),
    port: port(1, 'Takes POST /api/v1/events.'),
    telemetryPort: port(8, 'Health and metrics.'),
    bodyMaxBytes: integer({
      fallback: MiB,
      min: KiB,
      max: 64 * MiB,
      why: 'Bytes of one body as sent: a thousand events of a kilobyte each.',
    }),
    inflatedMaxBytes: integer({
      fallback: 8 * MiB,
      min: KiB,
      max: 512 * MiB,
      why: 'Bytes of one body after inflating, so that a small bomb cannot fill the memory.',
    }),
    batchMax: integer({
      fallback: 1000,
      min: 1,
      max: 100_000,
      why: 'Events of one request: keeps the time until its one answer short.',
    }),
    depthMax: integer({
      fallback: 32,
      min: 1,
      max: 512,
      why: 'Nesting of one event; deeper JSON costs stack in every reader after us.',
    }),
    stringMaxBytes: integer({
      fallback: 64 * KiB,
      min: 64,
      max: 16 * MiB,
      why: 'One string within an event: longer texts are content, not usage.',
    }),
    keysMax: integer({
      fallback: 256,
      min: 1,
      max: 10_000,
      why: 'Members of one object of an event: hashing and walking it stay cheap.',
    }),
    issuesMax: integer({
      fallback: 100,
      min: 1,
      max: 10_000,
      why: 'Issues one answer lists, the rest is counted: the answer to a hopeless batch stays readable.',
    }),
    laneBytesMax: integer({
      fallback: 64 * MiB,
      min: MiB,
      max: 4096 * MiB,
      why: 'Waiting for Kafka, all lanes together; over it a request gets 503 at once instead of filling the memory.',
    }),
    requestsPerSecond: integer({
      fallback: 0,
      min: 0,
      max: 1_000_000,
      why: 'Per namespace; 0 switches the limit off.',
    }),
  },
  sink: {
    telemetryPort: port(9, 'Health and metrics.'),
    batchRowsMax: integer({
      fallback: 20_000,
      min: 1,
      max: 1_000_000,
      why: 'Rows of one insert: one part, small enough to stay one block.',
    }),
    batchBytesMax: integer({
      fallback: 64 * MiB,
      min: KiB,
      max: 1024 * MiB,
      why: 'Bytes of one insert, which is held in memory until it is stored.',
    }),
    batchWaitMs: integer({
      fallback: 1000,
      min: 1,
      max: 60_000,
      why: 'Closes a batch at low traffic: the larger part of freshness.',
    }),
    dedupeDays: integer({
      fallback: 32,
      min: 1,
      max: 400,
      why: 'How long a resent event is recognised: a month of retries and one day.',
    }),
    bloomBytesMax: integer({
      fallback: 512 * MiB,
      min: MiB,
      max: 65_536 * MiB,
      why: 'Memory of the duplicate filters: 16 bits a key, 268 million keys.',
    }),
  },
  retention: {
    eventsMonths: integer({
      fallback: 0,
      min: 0,
      max: 1200,
      why: 'Whole months raw events are kept after the month they arrived in; 0 keeps them for ever. Backups aside they are gone then.',
    }),
    readingsMonths: integer({
      fallback: 0,
      min: 0,
      max: 1200,
      why: 'The same for readings, from which usage is answered and billed; 0 keeps them for ever.',
    }),
    checkEveryMs: integer({
      fallback: 3_600_000,
      min: 100,
      max: 86_400_000,
      why: 'How often the sink looks for a month to drop; a look without one is a cheap query.',
    }),
  },
  billing: {
    host: text(loopback, 'Address to listen on.'),
    port: port(2, 'Answers every operation but ingest.'),
    telemetryPort: port(10, 'Health and metrics of the api.'),
    workerTelemetryPort: port(11, 'Health and metrics of the worker.'),
    bodyMaxBytes: integer({
      fallback: MiB,
      min: KiB,
      max: 64 * MiB,
      why: 'Bytes of one request body; the largest plan we know is a few hundred kilobytes.',
    }),
    jobConcurrency: integer({
      fallback: 4,
      min: 1,
      max: 256,
      why: 'Jobs at once in one worker; each holds at most one Postgres connection, so it stays below poolMax.',
    }),
    jobAttemptsMax: integer({
      fallback: 8,
      min: 1,
      max: 100,
      why: 'Tries before a job counts as failed: with doubling pauses about two minutes; then its sweeper finds the work again.',
    }),
    sweepEveryMs: integer({
      fallback: 1000,
      min: 50,
      max: 3_600_000,
      why: 'How late due work may start; one cheap query per kind of work and namespace.',
    }),
    relayPollMs: integer({
      fallback: 1000,
      min: 10,
      max: 60_000,
      why: 'How late a notice may leave when its NOTIFY was lost.',
    }),
    clockStepsMax: integer({
      fallback: 20_000,
      min: 1,
      max: 10_000_000,
      why: 'Due instants one move of the virtual clock may pass: a year of hourly work twice over; more is a loop.',
    }),
    clockStepTimeoutMs: integer({
      fallback: 60_000,
      min: 100,
      max: 3_600_000,
      why: 'How long one step of the virtual clock waits for its work; longer means a job that cannot finish.',
    }),
  },
  telemetry: {
    host: text(loopback, 'Address that health and metrics listen on, in every service.'),
    logLevel: choice(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
      'pino’s levels.',
    ),
    tracesEndpoint: text(
      '',
      'Where OTLP over HTTP takes traces (http://collector:4318/v1/traces); empty switches tracing off, at no cost.',
      '^(?:https?://.+)?$',
    ),
    tracesSampleRatio: ratio(
      0.01,
      'Share of traces recorded when the caller has not decided: a hundredth shows where time goes and costs little.',
    ),
  },
} as const;

export const aggregations = ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'UNIQUE_COUNT', 'LATEST'] as const;

/** A meter declared in the configuration file, in the shape of OpenMeter's `meters:` list. */
export interface MeterConfig {
  readonly slug: string;
  readonly description?: string;
  readonly eventType: string;
  readonly aggregation: (typeof aggregations)[number];
  readonly valueProperty?: string;
  readonly groupBy?: Readonly<Record<string, string>>;
}

export const meterSchema = {
  type: 'object',
  required: ['slug', 'eventType', 'aggregation'],
  additionalProperties: false,
  properties: {
    slug: { type: 'string', pattern: '^[a-z0-9]+(?:_[a-z0-9]+)*$', minLength: 1, maxLength: 64 },
    description: { type: 'string', maxLength: 1024 },
    eventType: { type: 'string', minLength: 1 },
    aggregation: { enum: aggregations },
    valueProperty: { type: 'string', minLength: 1 },
    groupBy: { type: 'object', additionalProperties: { type: 'string' } },
  },
} as const;

type Sections = typeof sections;
export type Config = { readonly [S in keyof Sections]: Values<Sections[S]> } & {
  readonly meters: readonly MeterConfig[];
};
