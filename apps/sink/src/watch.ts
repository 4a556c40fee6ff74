import type { ReadingsPump, Sink } from '@ledgerline/sink';
import type { Logger } from '@ledgerline/platform/telemetry';
import type { KafkaUsageLog } from './kafka-usage-log.js';
import type { SinkMetrics } from './sink-metrics.js';

const lookEveryMs = 2_000;
const blindMsMax = 15_000; // seven looks without an answer
const stuckMsMax = 20_000; // far longer than the slowest batch on a loaded machine

export interface Watched {
  readonly sink: Sink;
  readonly log: KafkaUsageLog;
  readonly pump: ReadingsPump;
  readonly metrics: SinkMetrics;
  readonly logger: Logger;
}

/**
 * Looks at the log from outside of the consumer: how far behind we are, whether the log is still the one we know, and whether
 * the consumer moves at all. A consumer that stands still before waiting records is replaced. Also wakes the readings builder, because a new meter or
 * another builder that ended too early brings no batch with it.
 */
export class Watch {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private failure: string | undefined = 'the broker was not asked yet';
  private answeredAtMs = performance.now();
  private movedAtMs = performance.now();
  private stored = '';
  private lag = 0;

  constructor(private readonly watched: Watched) {}

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
    if (this.watched.log.idleMs() > blindMsMax)
      return this.watched.log.trouble() ?? 'no fetch was answered for 15 s';
    if (this.lag > 0 && nowMs - this.movedAtMs > blindMsMax)
      return `${this.lag} records wait and none is stored`;
    return undefined;
  }

  private async look(): Promise<void> {
    this.watched.pump.poke();
    try {
      const bounds = await this.watched.sink.inspect();
      this.answeredAtMs = performance.now();
      this.failure = undefined;
      const nextOffsets = this.watched.sink.nextOffsets();
      this.lag = this.watched.metrics.lags(bounds, nextOffsets);
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
    } else if (performance.now() - this.movedAtMs > stuckMsMax && this.watched.sink.trouble() === undefined) {
      this.watched.logger.warn(
        { lag: this.lag },
        'records wait and none is stored: the consumer is replaced',
      );
      this.movedAtMs = performance.now();
      this.watched.log.rejoin();
    }
  }
}
