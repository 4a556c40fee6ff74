import { CompactedPublisher, type Kafka } from '@ledgerline/platform/kafka';
import type { ApiKey } from '../core/api-key.js';
import { encodeKeyRecord } from '../core/key-record.js';
import type { KeyPublisher } from '../core/ports.js';

/** Tells the keys' hashes to the services that have no database. */
export class ApiKeysTopic implements KeyPublisher {
  private readonly publisher: CompactedPublisher;

  constructor(kafka: Kafka, topic: string) {
    this.publisher = new CompactedPublisher(kafka, topic);
  }

  publish(keys: readonly ApiKey[]): Promise<void> {
    return this.publisher.publishAll(keys.map((key) => ({ key: key.id, value: encodeKeyRecord(key) })));
  }

  close(): Promise<void> {
    return this.publisher.close();
  }
}
