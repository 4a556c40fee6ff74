import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { isObservable, lastValueFrom } from 'rxjs';
import type { LiveClock } from '../live-clock.js';
import type { Notice } from '../notice.js';
import { NoticeConsumer } from './notice-consumer.js';

export interface NoticeTransportOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly logger: Logger;
  readonly metrics: Registry;
}

/**
 * Brings notices to `@EventPattern('<type>')` methods. Nest's own Kafka server takes the topic for the pattern and one
 * handler error for a reason to restart the consumer; here the type header is the pattern and a throw is tried again in place.
 */
export class NoticeTransport extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  private readonly consumer: NoticeConsumer;
  private readonly counter: Counter;
  private clock: LiveClock | undefined;

  constructor(options: NoticeTransportOptions) {
    super();
    this.counter = new Counter({
      name: 'ledgerline_notices_total',
      help: 'Notices by type and outcome: handled, unhandled (nobody listens), retried, unreadable.',
      labelNames: ['type', 'outcome'],
      registers: [options.metrics],
    });
    const count = (type: string, outcome: string): void => this.counter.inc({ type, outcome });
    this.consumer = new NoticeConsumer({
      ...options,
      handle: (notice, type) => this.dispatch(notice, type, count),
      onRetry: (type) => count(type, 'retried'),
      onUnreadable: () => count('', 'unreadable'),
    });
  }

  /** Why notices are not handled right now; undefined when they are. */
  get trouble(): string | undefined {
    return this.consumer.trouble;
  }

  /** Refreshed before each notice, so that a handler sees the time that was set before the notice was told. */
  useClock(clock: LiveClock): void {
    this.clock = clock;
  }

  listen(callback: (error?: unknown) => void): void {
    this.consumer.start().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    await this.consumer.stop();
  }

  override on(): never {
    throw new Error('the notice transport emits no events; read `trouble` instead');
  }

  override unwrap(): never {
    throw new Error('the notice transport hides its client on purpose');
  }

  private async dispatch(
    notice: Notice,
    type: string,
    count: (type: string, outcome: string) => void,
  ): Promise<void> {
    const handler = this.getHandlerByPattern(type);
    if (handler === null) {
      count(type, 'unhandled');
      return;
    }
    await this.clock?.refresh();
    const result: unknown = await handler(notice);
    if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    count(type, 'handled');
  }
}
