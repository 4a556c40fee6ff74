import { closeUsageRecord } from '@ledgerline/contract';
import type { Config } from '@ledgerline/platform/config';
import {
  type LaneAttempt,
  LaneSet,
  openKafka,
  openLaneKafka,
  openRecordProducer,
  ProducerSupply,
  topicsOf,
} from '@ledgerline/platform/kafka';
import {
  createLogger,
  createMetrics,
  type Logger,
  openTraces,
  startTelemetryServer,
} from '@ledgerline/platform/telemetry';
import { RECORD_BYTES_MAX } from './chunk-events.js';
import { FollowedKeys } from './follow-keys.js';
import { IngestEvents } from './ingest-events.js';
import { IngestMetrics } from './ingest-metrics.js';
import { createIngestServer } from './ingest-server.js';
import { KafkaProbe } from './kafka-probe.js';
import type { Sender } from './key-ring.js';
import { RateLimit } from './rate-limit.js';
import { BodyReader } from './read-body.js';

const SERVICE = 'ingest';
// Without keys there is one namespace for all requests, as in the API we implement.
const ANYBODY: Sender = { namespace: 'default', expiresAtMs: Infinity };

/** Events of one record: one fetch and one decode of the sink stay short. */
const RECORD_EVENTS_MAX = 1_000;
/** How long things may take; other than these only in tests. */
export interface Patience {
  readonly attemptTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

const patience: Patience = {
  /** A broker on the same network answers within milliseconds; five seconds of silence is a fault. */
  attemptTimeoutMs: 5_000,
  /** Below the patience of common clients (10 s), and longer than one attempt. */
  ackTimeoutMs: 8_000,
  /** A body of 1 MiB at 300 kbit/s. */
  requestTimeoutMs: 30_000,
};
/** 128 bodies of the largest size at once. */
const RECEIVING_MAX_BYTES = 128 * 1024 * 1024;
/** Longer than an acknowledgement may take; a supervisor usually kills after thirty seconds. */
const DRAIN_TIMEOUT_MS = 10_000;
// For answers to leave; Node counts a connection that never sent anything as busy and would wait a minute for it.
const LINGER_MS = 1_000;

export interface RunningIngest {
  readonly url: string;
  readonly telemetryPort: number;
  close(): Promise<void>;
}

/** Starts the ingest service: listens at once, and is ready once Kafka is. */
export async function startIngest(config: Config, changed: Partial<Patience> = {}): Promise<RunningIngest> {
  const times = { ...patience, ...changed };
  const logger = createLogger({ service: SERVICE, level: config.telemetry.logLevel });
  const registry = createMetrics(SERVICE);
  const metrics = new IngestMetrics(registry);
  const clock = await openClock(config, logger);
  const { lanes, probe } = openLanes(config, logger, metrics, times);
  const keys = followKeys(config, logger);
  const bodies = new BodyReader({ ...config.ingest, receivingMaxBytes: RECEIVING_MAX_BYTES });
  metrics.watch(lanes, bodies);
  const traces = await openTraces({
    service: SERVICE,
    endpoint: config.telemetry.tracesEndpoint,
    sampleRatio: config.telemetry.tracesSampleRatio,
    logger,
    registry,
  });
  const rate = config.ingest.requestsPerSecond;
  const ingest = new IngestEvents({
    identify: keys?.identify ?? (() => ANYBODY),
    partitions: config.kafka.partitions,
    limits: config.ingest,
    nowMs: clock.nowMs,
    lanes,
    bodies,
    metrics,
    traces,
    ...(rate > 0 && { rateLimit: new RateLimit(rate) }),
  });
  const server = createIngestServer({ logger, ingest, requestTimeoutMs: times.requestTimeoutMs });
  let isClosing = false;
  const telemetry = await startTelemetryServer({
    host: config.telemetry.host,
    port: config.ingest.telemetryPort,
    registry,
    checks: [
      { name: 'kafka', run: () => Promise.resolve(probe.reason) },
      { name: 'api keys', run: () => Promise.resolve(keys?.trouble) },
      { name: 'running', run: () => Promise.resolve(isClosing ? 'shutting down' : undefined) },
    ],
  });
  void probe.start();
  keys?.start();
  const url = await server.listen({ host: config.ingest.host, port: config.ingest.port });
  logger.info({ url }, 'ingest listens');
  return {
    url,
    telemetryPort: telemetry.port,
    close: async () => {
      isClosing = true;
      // Stops accepting; requests under way are answered while the lanes drain.
      const closed = server.close();
      await lanes.drain(DRAIN_TIMEOUT_MS);
      // By now everything is acknowledged or given up: what is left are answers on their way, and connections that never asked.
      const ending = setTimeout(() => server.server.closeAllConnections(), LINGER_MS);
      await closed;
      clearTimeout(ending);
      await probe.stop();
      await keys?.stop();
      await clock.close();
      await traces?.close();
      await telemetry.close();
    },
  };
}

function openLanes(
  config: Config,
  logger: Logger,
  metrics: IngestMetrics,
  times: Patience,
): { lanes: LaneSet; probe: KafkaProbe } {
  const topic = topicsOf(config.kafka.topicPrefix).usageEvents;
  const { brokers, partitions } = config.kafka;
  const kafka = openLaneKafka({ brokers, service: SERVICE, logger });
  const probe = new KafkaProbe({ kafka, topic, partitions, everyMs: 1_000, timeoutMs: 3_000 });
  const onAttempt = (attempt: LaneAttempt): void => {
    metrics.observe(attempt);
    if (attempt.error === undefined) return;
    logger.warn(
      { err: attempt.error, partition: attempt.partition, events: attempt.events },
      'record not written',
    );
    probe.report(attempt.error);
  };
  const lanes = new LaneSet({
    supply: new ProducerSupply({
      open: () => openRecordProducer(kafka, topic),
      openTimeoutMs: times.attemptTimeoutMs,
      onFault: (error) => logger.warn({ err: error }, 'a replaced producer did not close cleanly'),
    }),
    partitions,
    close: closeUsageRecord,
    recordEventsMax: RECORD_EVENTS_MAX,
    recordBytesMax: RECORD_BYTES_MAX,
    attemptTimeoutMs: times.attemptTimeoutMs,
    ackTimeoutMs: times.ackTimeoutMs,
    bytesMax: config.ingest.laneBytesMax,
    onAttempt,
  });
  return { lanes, probe };
}

/** Undefined when nobody needs a key. */
function followKeys(config: Config, logger: Logger): FollowedKeys | undefined {
  if (config.auth.mode === 'none') return undefined;
  const kafka = openKafka({ brokers: config.kafka.brokers, service: SERVICE, logger });
  return new FollowedKeys({ kafka, topic: topicsOf(config.kafka.topicPrefix).apiKeys, logger });
}

interface IngestClock {
  readonly nowMs: () => number | Promise<number>;
  close(): Promise<void>;
}

async function openClock(config: Config, logger: Logger): Promise<IngestClock> {
  if (config.clock.mode === 'system') return { nowMs: Date.now, close: () => Promise.resolve() };
  // Loaded only here: the room brings a database layer that a service without one should not carry.
  const { followClock } = await import('@ledgerline/system');
  const kafka = openKafka({ brokers: config.kafka.brokers, service: SERVICE, logger });
  const clock = await followClock(kafka, topicsOf(config.kafka.topicPrefix).clock);
  return {
    nowMs: async () => {
      await clock.caughtUp();
      return clock.now().epochMilliseconds;
    },
    close: () => clock.close(),
  };
}
