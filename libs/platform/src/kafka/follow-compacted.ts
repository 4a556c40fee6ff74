import { newId } from '@ledgerline/kernel';
import type { Admin, Consumer, Kafka } from 'kafkajs';
import { fetchWaitMs, kafkaRetry } from './open-kafka.js';

export interface CompactedRecord {
  readonly key: string;
  /** Null never comes from us: a tombstone may vanish before a follower sees that it has read to the end. */
  readonly value: string | null;
}

export interface CompactedFollower {
  /** Resolves when everything that stood in the topic at the moment of the call has been given to `onRecord`. */
  caughtUp(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface FollowOptions {
  /** How often asking for the end of the topic is tried again before `caughtUp` fails; for about half a minute by default. */
  readonly askRetries?: number;
}

const caughtUpTimeoutMs = 10_000;

interface Waiter {
  readonly ends: ReadonlyMap<number, bigint>;
  readonly resolve: () => void;
}

/** Reads a compacted topic from its beginning and stays on it: every process that calls this sees every key. */
export async function followCompacted(
  kafka: Kafka,
  topic: string,
  onRecord: (record: CompactedRecord) => void | Promise<void>,
  { askRetries = kafkaRetry.retries }: FollowOptions = {},
): Promise<CompactedFollower> {
  const life = { isOver: false };
  const consumer = kafka.consumer({
    // A group of one that commits nothing: its name never comes again, and the broker forgets it once it is empty.
    groupId: `${topic}-follower-${newId()}`,
    maxWaitTimeInMs: fetchWaitMs,
    retry: { ...kafkaRetry, restartOnFailure: () => Promise.resolve(!life.isOver) },
  });
  const admin = kafka.admin({ retry: { ...kafkaRetry, retries: askRetries } });
  const follower = new Follower(admin, consumer, topic, life);
  try {
    await Promise.all([consumer.connect(), admin.connect()]);
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        await onRecord({
          key: message.key?.toString('utf8') ?? '',
          value: message.value?.toString('utf8') ?? null,
        });
        follower.advance(partition, BigInt(message.offset) + 1n);
      },
    });
  } catch (error) {
    await follower.close(); // or its connections would outlive a caller that tries again
    throw error;
  }
  return follower;
}

class Follower implements CompactedFollower {
  private readonly positions = new Map<number, bigint>();
  private waiters: Waiter[] = [];

  constructor(
    private readonly admin: Admin,
    private readonly consumer: Consumer,
    private readonly topic: string,
    private readonly life: { isOver: boolean },
  ) {}

  advance(partition: number, position: bigint): void {
    // After a restart the library reads again from the beginning; what was reached stays reached.
    if (position > (this.positions.get(partition) ?? 0n)) this.positions.set(partition, position);
    const reached = this.waiters.filter((waiter) => this.reached(waiter.ends));
    this.waiters = this.waiters.filter((waiter) => !reached.includes(waiter));
    for (const waiter of reached) waiter.resolve();
  }

  async caughtUp(timeoutMs = caughtUpTimeoutMs): Promise<void> {
    const offsets = await this.admin.fetchTopicOffsets(this.topic);
    this.requireSameTopic(offsets);
    const ends = new Map(
      offsets.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, BigInt(high)]),
    );
    if (this.reached(ends)) return;
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        ends,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((one) => one !== waiter);
        reject(new Error(`topic ${this.topic} was not read to its end within ${timeoutMs} ms`));
      }, timeoutMs);
      this.waiters.push(waiter);
    });
  }

  /** Where less stands than was read, the topic is another one of the same name: what was read of it is worth nothing. */
  private requireSameTopic(offsets: readonly { readonly partition: number; readonly high: string }[]): void {
    for (const { partition, high } of offsets) {
      const position = this.positions.get(partition) ?? 0n;
      if (BigInt(high) < position) {
        throw new Error(
          `topic ${this.topic} ends at ${high} but was read up to ${position}: it was deleted or restored from a backup; ` +
            'restart this service',
        );
      }
    }
  }

  async close(): Promise<void> {
    this.life.isOver = true; // a consumer that is about to start again must not
    await Promise.all([this.consumer.disconnect(), this.admin.disconnect()]);
  }

  private reached(ends: ReadonlyMap<number, bigint>): boolean {
    return [...ends].every(([partition, end]) => (this.positions.get(partition) ?? 0n) >= end);
  }
}
