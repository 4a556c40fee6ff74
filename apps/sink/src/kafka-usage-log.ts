import type { openKafka } from '@ledgerline/platform/kafka';
import { type Logger, tracesHeader } from '@ledgerline/platform/telemetry';
import type { LogBounds, LogChunk, LogListener, UsageLog } from '@ledgerline/sink';
import { setTimeout as delay } from 'node:timers/promises';

type Kafka = ReturnType<typeof openKafka>;
type Consumer = ReturnType<Kafka['consumer']>;
type Admin = ReturnType<Kafka['admin']>;
type RunConfig = NonNullable<Parameters<Consumer['run']>[0]>;
type Batch = Parameters<NonNullable<RunConfig['eachBatch']>>[0];

export interface KafkaUsageLogOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly logger: Logger;
}

const consumerSettings = {
  sessionTimeout: 6_000, // the broker's floor: a killed sink's partitions are handed on after it
  heartbeatInterval: 1_000,
  rebalanceTimeout: 15_000,
  minBytes: 1,
  maxWaitTimeInMs: 250, // how long an idle fetch delays a seek
  maxBytesPerPartition: 4 * 1024 * 1024,
  maxBytes: 16 * 1024 * 1024, // one fetch in memory beside the two batches
  metadataMaxAge: 60_000,
  allowAutoTopicCreation: false,
};
const workersMax = 64; // partitions whose records are read side by side; more wait their turn
const pauseMs = 500; // between a consumer that ended and the next one
const hintEveryMs = 5_000;

/** `usage-events` through one consumer group. A consumer that ends for whatever reason is replaced by a new one. */
export class KafkaUsageLog implements UsageLog {
  private readonly admin: Admin;
  private adminConnected = false;
  private consumer: Consumer | undefined;
  private endCurrent: (() => void) | undefined;
  private loop: Promise<void> | undefined;
  private closing = false;
  private failure: string | undefined;
  private activeAtMs = -Infinity;
  private hintedAtMs = -Infinity;
  private readonly hints = new Map<number, number>();

  constructor(private readonly options: KafkaUsageLogOptions) {
    this.admin = options.kafka.admin({ retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 } });
  }

  open(listener: LogListener): Promise<void> {
    this.loop = this.consumeUntilClosed(listener);
    return Promise.resolve();
  }

  /** Why nothing can be read now; undefined while fetches are answered. */
  trouble(): string | undefined {
    return this.failure;
  }

  /** Milliseconds since the broker answered a fetch or a record was taken. */
  idleMs(): number {
    return performance.now() - this.activeAtMs;
  }

  seek(partition: number, offset: number): void {
    // Without a consumer there is nothing to move: the next one asks for positions when it has joined.
    this.consumer?.seek({ topic: this.options.topic, partition, offset: String(offset) });
  }

  async bounds(): Promise<ReadonlyMap<number, LogBounds>> {
    if (!this.adminConnected) {
      await this.admin.connect();
      this.adminConnected = true;
    }
    const { topic } = this.options;
    let offsets: Awaited<ReturnType<Admin['fetchTopicOffsets']>>;
    try {
      offsets = await this.admin.fetchTopicOffsets(topic);
    } catch (error) {
      // Whatever this error is called: only a broker that answers and does not list the topic says that it is gone.
      if ((await this.admin.listTopics()).includes(topic)) throw error;
      return new Map();
    }
    return new Map(
      offsets.map(({ partition, low, high }) => [
        partition,
        { startOffset: Number(low), endOffset: Number(high) },
      ]),
    );
  }

  rejoin(): void {
    // At once: what is fetched until the consumer has ended may come from another log.
    this.consumer = undefined;
    this.endCurrent?.();
  }

  hintStored(nextOffsets: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of nextOffsets) this.hints.set(partition, offset);
    if (performance.now() - this.hintedAtMs < hintEveryMs) return;
    this.hintedAtMs = performance.now();
    void this.commitHints();
  }

  async close(): Promise<void> {
    this.closing = true;
    this.endCurrent?.();
    await this.loop;
    if (this.adminConnected) await this.admin.disconnect();
    this.adminConnected = false;
  }

  private async consumeUntilClosed(listener: LogListener): Promise<void> {
    while (!this.isClosing()) {
      try {
        await this.consumeOnce(listener);
      } catch (error) {
        this.failure = reasonOf(error);
        this.options.logger.warn({ err: error }, 'the Kafka consumer ended, a new one starts');
      }
      if (!this.isClosing()) await delay(pauseMs);
    }
  }

  private async consumeOnce(listener: LogListener): Promise<void> {
    const { kafka, groupId, topic } = this.options;
    const consumer = kafka.consumer({
      ...consumerSettings,
      groupId,
      // Restarts are ours: the library's own would keep a membership that we no longer follow.
      retry: {
        retries: 5,
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        restartOnFailure: () => Promise.resolve(false),
      },
    });
    let crash: Error | undefined;
    const ended = new Promise<void>((resolve) => {
      this.endCurrent = resolve;
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        crash = payload.error;
        resolve();
      });
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (this.consumer !== consumer) return;
      this.failure = undefined;
      this.activeAtMs = performance.now();
      this.hints.clear();
      listener.assigned(payload.memberAssignment[topic] ?? []);
    });
    consumer.on(consumer.events.FETCH, () => {
      this.activeAtMs = performance.now();
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      this.consumer = consumer;
      if (!this.isClosing()) {
        await consumer.run({
          autoCommit: false, // the table says how far we are
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: workersMax,
          eachBatch: (batch) => listener.take(this.chunkOf(consumer, batch)),
        });
        await ended;
      }
    } finally {
      if (this.isClosing()) await this.commitHints();
      this.consumer = undefined;
      this.endCurrent = undefined;
      await consumer.disconnect();
    }
    if (crash !== undefined) throw crash;
  }

  private chunkOf(consumer: Consumer, payload: Batch): LogChunk {
    const { batch } = payload;
    return {
      partition: batch.partition,
      records: batch.messages.map(({ offset, timestamp, value, headers }) => ({
        offset: Number(offset),
        appendedAtMs: Number(timestamp),
        value,
        traceparents: headers?.[tracesHeader]?.toString(),
      })),
      endOffset: Number(batch.highWatermark),
      isStale: () => this.consumer !== consumer || !payload.isRunning() || payload.isStale(),
      taken: (offset) => {
        this.activeAtMs = performance.now();
        payload.resolveOffset(String(offset));
      },
      pulse: () => payload.heartbeat(),
    };
  }

  private async commitHints(): Promise<void> {
    if (this.consumer === undefined || this.hints.size === 0) return;
    const { topic } = this.options;
    const offsets = [...this.hints].map(([partition, offset]) => ({
      topic,
      partition,
      offset: String(offset),
    }));
    this.hints.clear();
    try {
      await this.consumer.commitOffsets(offsets);
    } catch (error) {
      // Only monitoring reads these offsets; the next hint replaces this one.
      this.options.logger.debug({ err: error }, 'the stored offsets could not be shown to the group');
    }
  }

  private isClosing(): boolean {
    return this.closing;
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
