import { decodeUsageRecord, type UsageEvent } from '@ledgerline/contract';
import { loadConfig } from '@ledgerline/platform/config';
import { eventually } from '@ledgerline/testkit';
import { Kafka, logLevel } from 'kafkajs';
import { type Patience, type RunningIngest, startIngest } from '../src/start-ingest.js';

export interface IngestRig {
  readonly url: string;
  post(body: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
  ready(): Promise<boolean>;
  /** What the readiness endpoint says. */
  readiness(): Promise<string>;
  /** A figure of /metrics. */
  metric(name: string): Promise<number>;
  /** Every event of every record that stands in the topic now, by partition order. */
  stored(): Promise<UsageEvent[]>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly brokers: readonly string[];
  readonly topicPrefix: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly patience?: Partial<Patience>;
  /** False for a service that is not meant to become ready. */
  readonly awaitReady?: boolean;
}

const PARTITIONS = 2;
const cloudEvents = 'application/cloudevents-batch+json';

/** Settings of an ingest service on ports that the system chooses. */
export const ingestEnv = ({ brokers, topicPrefix, env }: RigOptions): Record<string, string> => ({
  LEDGERLINE_KAFKA_BROKERS: brokers.join(','),
  LEDGERLINE_KAFKA_TOPIC_PREFIX: topicPrefix,
  LEDGERLINE_KAFKA_PARTITIONS: String(PARTITIONS),
  LEDGERLINE_INGEST_PORT: '0',
  LEDGERLINE_INGEST_TELEMETRY_PORT: '0',
  LEDGERLINE_TELEMETRY_LOG_LEVEL: 'silent',
  ...env,
});

export async function createTopic({ brokers, topicPrefix }: RigOptions): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topic = `${topicPrefix}usage-events`;
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  await admin.disconnect();
}

/** The service in this process, its topic in a real broker. */
export async function openIngest(options: RigOptions): Promise<IngestRig> {
  const running: RunningIngest = await startIngest(loadConfig({ env: ingestEnv(options) }), options.patience);
  const telemetry = `http://127.0.0.1:${running.telemetryPort}`;
  const rig: IngestRig = {
    url: running.url,
    post: (body, headers = {}) => {
      const sent = new Headers({ 'content-type': cloudEvents, ...headers });
      // An empty one stands for none at all.
      if (sent.get('content-type') === '') sent.delete('content-type');
      return fetch(`${running.url}/api/v1/events`, { method: 'POST', body, headers: sent });
    },
    ready: async () => (await fetch(`${telemetry}/healthz/ready`)).ok,
    readiness: async () => (await fetch(`${telemetry}/healthz/ready`)).text(),
    metric: async (name) => {
      const text = await (await fetch(`${telemetry}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`${name}{`) || one.startsWith(`${name} `));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
    stored: () => readTopic(options),
    close: () => running.close(),
  };
  if (options.awaitReady === false) return rig;
  try {
    await eventually(() => rig.ready(), { what: 'ingest to be ready', deadlineMs: 20_000 });
  } catch (error) {
    await rig.close();
    throw error;
  }
  return rig;
}

export async function readTopic({ brokers, topicPrefix }: RigOptions): Promise<UsageEvent[]> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  const topic = `${topicPrefix}usage-events`;
  const admin = kafka.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const expected = offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  const records: Buffer[] = [];
  if (expected === 0) return [];
  const consumer = kafka.consumer({ groupId: `${topic}-${Math.random()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ message }) => {
      if (message.value !== null) records.push(message.value);
      return Promise.resolve();
    },
  });
  await eventually(() => records.length >= expected, { what: `${expected} records`, deadlineMs: 20_000 });
  await consumer.disconnect();
  return records.flatMap((record) => decodeUsageRecord(record));
}

export const anEvent = (id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  source: 'spec',
  specversion: '1.0',
  type: 'prompt',
  subject: 'customer-1',
  ...more,
});
