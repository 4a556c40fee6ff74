import type { Kafka, Producer } from 'kafkajs';
import type { Notice } from '../notice.js';
import type { NoticePublisher } from '../postgres/relay.js';

/** Publishes notices keyed by stream, so that one stream stays in order. */
export class KafkaNoticePublisher implements NoticePublisher {
  private readonly producer: Producer;
  private connected: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    private readonly topic: string,
  ) {
    // Idempotent with one request in flight: a retry inside the library can neither repeat nor reorder.
    this.producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
  }

  async publish(notices: readonly Notice[]): Promise<void> {
    await this.connect();
    await this.producer.send({
      topic: this.topic,
      acks: -1,
      messages: notices.map((notice) => ({
        key: `${notice.namespace}/${notice.stream}`,
        value: JSON.stringify(notice),
        headers: { type: notice.type },
      })),
    });
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }

  private connect(): Promise<void> {
    this.connected ??= this.producer.connect().catch((error: unknown) => {
      this.connected = undefined; // the next publish tries again
      throw error;
    });
    return this.connected;
  }
}
