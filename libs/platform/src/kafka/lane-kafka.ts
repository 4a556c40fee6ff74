import { Kafka, logLevel, type Producer, type RecordMetadata } from 'kafkajs';
import type { Logger } from 'pino';
import type { RecordHeaders, RecordProducer } from './lane-producer.js';

export interface LaneKafkaOptions {
  readonly brokers: readonly string[];
  readonly service: string;
  readonly logger: Logger;
}

// It warns whenever retries are limited. Ours are, because the lane itself resends, and with a new producer.
const knownWarning = 'Limiting retries for the idempotent producer';

/**
 * A Kafka client for lanes: unlike `openKafka` it gives up soon, because a request waits for every attempt and the lane
 * decides what comes next.
 */
export const openLaneKafka = ({ brokers, service, logger }: LaneKafkaOptions): Kafka =>
  new Kafka({
    clientId: `ledgerline-${service}`,
    brokers: [...brokers],
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 2 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: { message, ...details } }) => {
        if (message.startsWith(knownWarning)) return;
        // Each of its errors reaches the lane as a rejection, which counts and reports it.
        logger.debug({ kafka: { namespace, ...details } }, message);
      },
  });

/** One request to the broker stays below its limit of 100 MiB by far, and a frozen broker holds little. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;

interface Waiting {
  readonly partition: number;
  readonly value: Buffer;
  readonly headers: RecordHeaders | undefined;
  readonly resolve: (written: { baseOffset: bigint }) => void;
  readonly reject: (error: Error) => void;
}

/** Connects an idempotent kafkajs producer for one topic. */
export async function openRecordProducer(kafka: Kafka, topic: string): Promise<RecordProducer> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    // Every record names its partition.
    createPartitioner: () => explicitPartition,
    retry: { retries: 1 },
  });
  try {
    await producer.connect();
  } catch (error) {
    await producer.disconnect();
    throw error;
  }
  return new KafkaRecordProducer(producer, topic);
}

function explicitPartition({ message }: { message: { partition?: number } }): number {
  if (message.partition === undefined) throw new TypeError('a record of a lane names its partition');
  return message.partition;
}

/**
 * Gathers what the lanes send in one turn into one request to the broker: kafkajs lets an idempotent producer have one request
 * at a time per broker anyway, so separate requests would only queue up and cost four times as much.
 */
class KafkaRecordProducer implements RecordProducer {
  private waiting: Waiting[] = [];
  private isSending = false;

  constructor(
    private readonly producer: Producer,
    private readonly topic: string,
  ) {}

  send(partition: number, value: Buffer, headers?: RecordHeaders): Promise<{ baseOffset: bigint }> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ partition, value, headers, resolve, reject });
      if (this.isSending) return;
      this.isSending = true;
      // After this turn, so that the lanes beside can add theirs.
      queueMicrotask(() => this.sendWaiting());
    });
  }

  close(): Promise<void> {
    return this.producer.disconnect();
  }

  private sendWaiting(): void {
    const batch = this.takeBatch();
    this.isSending = batch.length > 0;
    if (!this.isSending) return;
    this.producer
      .send({
        topic: this.topic,
        acks: -1,
        timeout: 5_000,
        messages: batch.map(({ partition, value, headers }) =>
          headers === undefined ? { key: null, value, partition } : { key: null, value, partition, headers },
        ),
      })
      .then(
        (written) => settle(batch, written),
        (error: unknown) => {
          const reason = error instanceof Error ? error : new Error(String(error));
          for (const one of batch) one.reject(reason);
        },
      )
      .finally(() => this.sendWaiting());
  }

  private takeBatch(): Waiting[] {
    let bytes = 0;
    const fits = this.waiting.findIndex(({ value }, index) => {
      bytes += value.length;
      return index > 0 && bytes > REQUEST_BYTES_MAX;
    });
    return this.waiting.splice(0, fits === -1 ? this.waiting.length : fits);
  }
}

function settle(batch: readonly Waiting[], written: readonly RecordMetadata[]): void {
  const offsets = new Map(written.map(({ partition, baseOffset }) => [partition, baseOffset]));
  for (const { partition, resolve, reject } of batch) {
    const baseOffset = offsets.get(partition);
    if (baseOffset === undefined)
      reject(new Error(`the broker acknowledged nothing for partition ${partition}`));
    else resolve({ baseOffset: BigInt(baseOffset) });
  }
}
