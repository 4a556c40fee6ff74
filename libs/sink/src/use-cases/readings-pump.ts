import type { ReadingsBuilder } from '../core/ports.js';
import { pauseAfter } from './settings.js';

/**
 * Drives the readings builder beside the sink: one run at a time, another one after every stored batch. A failure is retried
 * for ever and never holds up storing, because readings are derived from what is stored.
 */
export class ReadingsPump {
  private wanted = false;
  private running: Promise<void> | undefined;
  private closing = false;
  private wake: (() => void) | undefined;
  private failures = 0;
  private lastFailure: string | undefined;

  constructor(
    private readonly builder: ReadingsBuilder,
    private readonly onFailure: (reason: string) => void,
  ) {}

  /** Why readings are behind; undefined while the last run succeeded. */
  get trouble(): string | undefined {
    return this.lastFailure;
  }

  poke(): void {
    this.wanted = true;
    if (this.closing) return;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    this.wake?.();
    await this.running;
  }

  private stopped(): boolean {
    return this.closing;
  }

  private async run(): Promise<void> {
    while (this.wanted && !this.stopped()) {
      this.wanted = false;
      try {
        await this.builder.advance();
        this.failures = 0;
        this.lastFailure = undefined;
      } catch (error) {
        this.wanted = true;
        this.lastFailure = error instanceof Error ? error.message : String(error);
        this.onFailure(this.lastFailure);
        await this.pause(pauseAfter(this.failures));
        this.failures += 1;
      }
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
