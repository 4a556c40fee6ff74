import { invariant } from '@ledgerline/kernel';
import { within } from '@ledgerline/platform/kafka';
import type { Admin, Kafka } from '@ledgerline/platform/kafka';

export interface KafkaProbeOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/**
 * Knows whether events could be written: the broker answers and every partition of the topic has a leader. Asked over and over in
 * the background, so readiness returns by itself after a broker restart, without a request that has to fail first.
 */
export class KafkaProbe {
  private admin: Admin | undefined;
  private trouble: string | undefined = 'Kafka has not been reached yet';
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(private readonly options: KafkaProbeOptions) {}

  /** Why events cannot be written, or undefined when they can. */
  get reason(): string | undefined {
    return this.trouble;
  }

  /** A write failed: not ready until the next look says otherwise. */
  report(error: Error): void {
    this.trouble = `the last write failed: ${error.message}`;
  }

  async start(): Promise<void> {
    await this.look();
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.start(), this.options.everyMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.admin?.disconnect();
  }

  private async look(): Promise<void> {
    try {
      this.trouble = await within(this.ask(), this.options.timeoutMs, 'asking Kafka for its topics');
    } catch (error) {
      this.trouble = error instanceof Error ? error.message : String(error);
      const broken = this.admin;
      this.admin = undefined;
      // It has failed already; a second failure while it ends adds nothing.
      broken?.disconnect().catch((failure: unknown) => {
        this.trouble ??= String(failure);
      });
    }
  }

  private async ask(): Promise<string | undefined> {
    const { kafka, topic, partitions } = this.options;
    if (this.admin === undefined) {
      const admin = kafka.admin();
      await admin.connect();
      this.admin = admin;
    }
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    const found = topics[0]?.partitions ?? [];
    invariant(
      found.length === partitions,
      `topic ${topic} has ${found.length} partitions, kafka.partitions says ${partitions}`,
    );
    const leaderless = found.filter(({ leader }) => leader < 0).length;
    return leaderless === 0 ? undefined : `${leaderless} partitions of ${topic} have no leader`;
  }
}
