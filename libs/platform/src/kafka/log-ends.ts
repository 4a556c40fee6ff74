import type { Admin, Kafka } from 'kafkajs';

/** A look takes a few milliseconds; who asks over HTTP should hear soon that the broker does not answer. */
const adminRetry = { retries: 2 } as const;

// Ages that what waits is compared with: each costs one question, and only while something waits.
const ageLadderMs = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400].map((seconds) => seconds * 1_000);

/** How far a topic reaches, asked from outside of any consumer. Connects when first asked. */
export class LogEnds {
  private admin: Promise<Admin> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly topic: string,
  ) {}

  /** Per partition the offset that its next record will get. */
  async ends(): Promise<ReadonlyMap<number, number>> {
    const offsets = await this.ask((admin) => admin.fetchTopicOffsets(this.topic));
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  /**
   * For partitions in which records wait from an offset on: an age that the oldest of them does not exceed, by the
   * broker's time; undefined when it is more than a day.
   */
  async waitingAtMostMs(from: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number | undefined>> {
    const ages = new Map<number, number | undefined>();
    const open = new Map(from);
    const nowMs = Date.now();
    for (const ageMs of ageLadderMs) {
      if (open.size === 0) break;
      // The first record that is younger than the age: when it is not behind what waits, nothing that waits is older.
      const firsts = await this.ask((admin) => admin.fetchTopicOffsetsByTimestamp(this.topic, nowMs - ageMs));
      for (const { partition, offset } of firsts) {
        const waiting = open.get(partition);
        if (waiting === undefined || Number(offset) > waiting) continue;
        ages.set(partition, ageMs);
        open.delete(partition);
      }
    }
    for (const partition of open.keys()) ages.set(partition, undefined);
    return ages;
  }

  async close(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await (await admin)?.disconnect();
  }

  private async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    this.admin ??= this.connect();
    try {
      return await question(await this.admin);
    } catch (error) {
      this.admin = undefined; // the next question starts with a fresh connection
      throw error;
    }
  }

  private async connect(): Promise<Admin> {
    const admin = this.kafka.admin({ retry: adminRetry });
    await admin.connect();
    return admin;
  }
}
