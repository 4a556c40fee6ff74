import type { Kafka, Producer } from 'kafkajs';

/** Writes the latest value of each key to a compacted topic. */
export class CompactedPublisher {
  private readonly producer: Producer;
  private connected: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    private readonly topic: string,
  ) {
    this.producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
  }

  /** Resolves once the broker has it. There is no delete: a tombstone may vanish unseen, so say "gone" in the value. */
  publish(key: string, value: string): Promise<void> {
    return this.publishAll([{ key, value }]);
  }

  /** All of them, in this order. */
  async publishAll(messages: readonly { readonly key: string; readonly value: string }[]): Promise<void> {
    this.connected ??= this.producer.connect().catch((error: unknown) => {
      this.connected = undefined; // the next publication tries again
      throw error;
    });
    await this.connected;
    await this.producer.send({ topic: this.topic, acks: -1, messages: [...messages] });
  }

  async close(): Promise<void> {
    await this.producer.disconnect();
  }
}
