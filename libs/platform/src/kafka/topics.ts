import { invariant } from '@ledgerline/kernel';
import type { Admin, ITopicConfig } from 'kafkajs';
import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from '../telemetry/reason.js';

/** The topics of one instance. */
export interface Topics {
  readonly usageEvents: string;
  readonly usageStored: string;
  readonly notices: string;
  readonly clock: string;
  readonly apiKeys: string;
}

export const topicsOf = (prefix: string): Topics => ({
  usageEvents: `${prefix}usage-events`,
  usageStored: `${prefix}usage-stored`,
  notices: `${prefix}notices`,
  clock: `${prefix}clock`,
  apiKeys: `${prefix}api-keys`,
});

export interface TopicOptions {
  readonly topicPrefix: string;
  /** Partitions of usage-events. */
  readonly partitions: number;
  /** Largest event that ingest accepts; a record holds it up to twice (canonical and as sent). */
  readonly eventBytesMax: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
// Handlers of one stream run in order, streams side by side; four keep two cores busy.
const noticePartitions = 4;
const envelopeBytesMax = 1_048_576;

const config = (entries: Record<string, string | number>): ITopicConfig['configEntries'] =>
  Object.entries(entries).map(([name, value]) => ({ name, value: String(value) }));

function plan(options: TopicOptions): ITopicConfig[] {
  const topics = topicsOf(options.topicPrefix);
  return [
    {
      topic: topics.usageEvents,
      numPartitions: options.partitions,
      configEntries: config({
        // The broker's time: an event may be dated far ahead or back, which Kafka would refuse or delete at once.
        'message.timestamp.type': 'LogAppendTime',
        'max.message.bytes': 2 * options.eventBytesMax + envelopeBytesMax,
        'retention.ms': 7 * dayMs, // how long the sink may be down
      }),
    },
    {
      topic: topics.usageStored,
      numPartitions: options.partitions,
      configEntries: config({ 'message.timestamp.type': 'LogAppendTime', 'retention.ms': dayMs }),
    },
    {
      topic: topics.notices,
      numPartitions: noticePartitions,
      configEntries: config({ 'message.timestamp.type': 'LogAppendTime', 'retention.ms': 7 * dayMs }),
    },
    ...[topics.clock, topics.apiKeys].map((topic) => ({
      topic,
      numPartitions: 1,
      configEntries: config({
        'cleanup.policy': 'compact',
        'message.timestamp.type': 'LogAppendTime',
        'segment.ms': hourMs, // only closed segments are compacted, and a follower reads all there is
      }),
    })),
  ];
}

/** Creates the topics that are missing; refuses to go on when an existing one has another number of partitions. */
export async function ensureTopics(admin: Admin, options: TopicOptions): Promise<string[]> {
  const wanted = plan(options);
  const existing = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  // Not the library's own wait for leaders: it fails at the first broker that has not heard of the topic yet.
  if (missing.length > 0) await admin.createTopics({ topics: missing, waitForLeaders: false });
  const topics = await untilLed(
    admin,
    wanted.map(({ topic }) => topic),
  );
  for (const { topic, numPartitions } of wanted) {
    const found = topics.find((one) => one.name === topic)?.partitions.length;
    invariant(
      found === numPartitions,
      `topic ${topic} has ${found} partitions but kafka.partitions asks for ${numPartitions}; ` +
        'the number cannot change once events are stored, because a resent event must reach the same partition',
    );
  }
  return missing.map(({ topic }) => topic);
}

// A broker on a busy machine takes seconds to open the logs of new partitions; beyond this something is wrong.
const leadersTimeoutMs = 60_000;
const lookAgainMs = 100;

type TopicMetadata = Awaited<ReturnType<Admin['fetchTopicMetadata']>>['topics'];

/** The topics' metadata once every partition has a leader, so that whoever comes next can read and write. */
async function untilLed(admin: Admin, names: string[]): Promise<TopicMetadata> {
  const deadline = performance.now() + leadersTimeoutMs;
  for (;;) {
    let waitsFor: string;
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: names });
      const unled = topics.filter(({ partitions }) => partitions.some(({ leader }) => leader < 0));
      if (topics.length === names.length && unled.length === 0) return topics;
      waitsFor = `no leader of ${unled.map(({ name }) => name).join(', ')}`;
    } catch (error) {
      if (!isRetriable(error)) throw error;
      waitsFor = reasonOf(error);
    }
    if (performance.now() > deadline) {
      throw new Error(`the topics were not ready after ${leadersTimeoutMs} ms: ${waitsFor}`);
    }
    await pause(lookAgainMs);
  }
}

const isRetriable = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'retriable' in error && error.retriable === true;
