import type { Sink } from '@ledgerline/metering';
import type { Logger } from '@ledgerline/platform/telemetry';
import type { KafkaUsageLog } from './kafka-usage-log.js';
import type { SinkMetrics } from './sink-metrics.js';

const lookEveryMs = 2_000;
const blindMsMax = 15_000; // seven looks without an answer
const stuckMsMax = 20_000; // far longer than the slowest batch on a loaded machine

/**
 * Looks at the log from outside of the consumer: how far behind we are, whether the log is still the one we know, and whether
 * the consumer moves at all. A consumer that stands still before waiting records is replaced.
 */
export class Watch {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private failure: string | undefined = 'the broker was not asked yet';
  private answeredAtMs = performance.now();
  private movedAtMs = performance.now();
  private stored = '';
  private lag = 0;

  constructor(
    private readonly sink: Sink,
    private readonly log: KafkaUsageLog,
    private readonly metrics: SinkMetrics,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => {
        this.looking = undefined;
      });
    }, lookEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Why records do not flow; undefined while they do, or there are none. */
  trouble(): string | undefined {
    const nowMs = performance.now();
    if (nowMs - this.answeredAtMs > blindMsMax)
      return `Kafka does not answer: ${this.failure ?? 'no reason known'}`;
    if (this.log.idleMs() > blindMsMax) return this.log.trouble() ?? 'no fetch was answered for 15 s';
    if (this.lag > 0 && nowMs - this.movedAtMs > blindMsMax)
      return `${this.lag} records wait and none is stored`;
    return undefined;
  }

  private async look(): Promise<void> {
    try {
      const bounds = await this.sink.inspect();
      this.answeredAtMs = performance.now();
      this.failure = undefined;
      const nextOffsets = this.sink.nextOffsets();
      this.lag = this.metrics.lags(bounds, nextOffsets);
      this.noteMovement(nextOffsets);
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  private noteMovement(nextOffsets: ReadonlyMap<number, number>): void {
    const stored = [...nextOffsets].join(' ');
    if (stored !== this.stored || this.lag === 0) {
      this.stored = stored;
      this.movedAtMs = performance.now();
    } else if (performance.now() - this.movedAtMs > stuckMsMax && this.sink.trouble() === undefined) {
      this.logger.warn({ lag: this.lag }, 'records wait and none is stored: the consumer is replaced');
      this.movedAtMs = performance.now();
      this.log.rejoin();
    }
  }
}
