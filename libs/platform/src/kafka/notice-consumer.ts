import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { Logger } from 'pino';
import type { Notice } from '../notice.js';
import { reasonOf } from '../telemetry/reason.js';
import { fetchWaitMs, kafkaRetry } from './open-kafka.js';

export interface NoticeConsumerOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly logger: Logger;
  /** Resolves when the notice has had its effect. A throw means "again". */
  readonly handle: (notice: Notice, type: string) => Promise<void>;
  readonly onRetry?: (type: string) => void;
  readonly onUnreadable?: () => void;
}

const pauseFirstMs = 100;
// A failing handler is asked at least this often, so that it recovers soon after its cause has gone.
const pauseMaxMs = 5_000;
// How long the partitions of a killed worker wait for the next one; heartbeats go on while a handler works.
const sessionTimeoutMs = 10_000;
// Well below it, so that a busy moment does not cost the partition.
const heartbeatEveryMs = 2_000;

/** Delivers notices in order per partition. A notice whose handler throws holds its partition until it succeeds. */
export class NoticeConsumer {
  private readonly consumer: Consumer;
  private readonly failing = new Map<number, string>();
  private stopping = new AbortController();
  private state: string | undefined = 'not joined yet';

  constructor(private readonly options: NoticeConsumerOptions) {
    this.consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatEveryMs,
      maxWaitTimeInMs: fetchWaitMs,
      // The library gives up after its retries; a service that no longer listens is worse than one that tries for ever.
      retry: { ...kafkaRetry, restartOnFailure: () => Promise.resolve(true) },
    });
    const { GROUP_JOIN, CRASH, STOP } = this.consumer.events;
    this.consumer.on(GROUP_JOIN, () => (this.state = undefined));
    this.consumer.on(CRASH, ({ payload }) => (this.state = `lost the broker: ${payload.error.message}`));
    this.consumer.on(STOP, () => (this.state ??= 'stopped'));
  }

  /** Why notices are not handled right now; undefined when they are. */
  get trouble(): string | undefined {
    return this.state ?? this.failing.values().next().value;
  }

  async start(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [this.options.topic], fromBeginning: true });
    await this.consumer.run({
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 4,
      eachBatch: (payload) => this.handleBatch(payload),
    });
  }

  /** Lets the handlers that run finish, commits what they did and leaves the group. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.consumer.disconnect();
  }

  private async handleBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    for (const message of batch.messages) {
      if (!payload.isRunning() || payload.isStale() || this.stopping.signal.aborted) return;
      const notice = this.read(message, batch.partition);
      if (notice !== undefined) {
        const handled = await this.handleUntilDone(notice, batch.partition, message.offset, () =>
          payload.heartbeat(),
        );
        if (!handled) return; // stopping: the offset stays where it is, so the notice comes again
      }
      payload.resolveOffset(message.offset);
      await payload.heartbeat();
      await payload.commitOffsetsIfNecessary();
    }
  }

  private async handleUntilDone(
    notice: Notice,
    partition: number,
    offset: string,
    heartbeat: () => Promise<void>,
  ): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await withHeartbeats(heartbeat, () => this.options.handle(notice, notice.type));
        this.failing.delete(partition);
        return true;
      } catch (error) {
        if (isRebalance(error)) throw error; // the partition has gone to another consumer, which starts here again
        this.failing.set(
          partition,
          `notice ${notice.id} (${notice.type}) failed ${attempt} times: ${reasonOf(error)}`,
        );
        this.options.onRetry?.(notice.type);
        this.options.logger.warn(
          { err: error, notice: notice.id, type: notice.type, attempt, offset },
          'notice failed',
        );
        await this.pause(Math.min(pauseFirstMs * 2 ** (attempt - 1), pauseMaxMs));
        if (this.stopping.signal.aborted) return false;
        await heartbeat();
      }
    }
  }

  private read(message: KafkaMessage, partition: number): Notice | undefined {
    try {
      const notice = JSON.parse(message.value?.toString('utf8') ?? '') as Notice;
      const type = message.headers?.['type']?.toString();
      return type === undefined ? notice : { ...notice, type };
    } catch (error) {
      // Only the relay writes here, so no repetition can make it readable. It is counted and its place is logged.
      this.options.onUnreadable?.();
      this.options.logger.error(
        { err: error, partition, offset: message.offset },
        'unreadable notice set aside',
      );
      return undefined;
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.stopping;
      if (signal.aborted) {
        resolve();
        return;
      }
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener('abort', finish);
    });
  }
}

const isRebalance = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'type' in error && error.type === 'REBALANCE_IN_PROGRESS';

/** A handler that takes longer than the session must not lose its partition while it works. */
async function withHeartbeats(heartbeat: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  let lost: { readonly error: unknown } | undefined;
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => (lost = { error }));
  }, heartbeatEveryMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  if (lost !== undefined) throw lost.error;
}
