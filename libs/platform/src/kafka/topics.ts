import { invariant } from '@ledgerline/kernel';
import type { Admin, ITopicConfig } from 'kafkajs';

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

const dayMs = 86_400_000;
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
      configEntries: config({ 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' }),
    })),
  ];
}

/** Creates the topics that are missing; refuses to go on when an existing one has another number of partitions. */
export async function ensureTopics(admin: Admin, options: TopicOptions): Promise<string[]> {
  const wanted = plan(options);
  const existing = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) await admin.createTopics({ topics: missing, waitForLeaders: true });
  const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) });
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
