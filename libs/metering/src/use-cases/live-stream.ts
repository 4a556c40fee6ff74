import { Readable } from 'node:stream';

// A reader this far behind wants the newest value, not all of those it missed.
const pendingBytesMax = 64 * 1024;

// A shutdown does not wait longer for a reader that is asleep.
const lingerMs = 5_000;

/** One listener. Never holds more than a little: what it does not take in time is replaced by what is newer. */
export class LiveStream extends Readable {
  private owed: string | undefined;
  private isOver = false;

  constructor(private readonly onGone: () => void) {
    super({ highWaterMark: pendingBytesMax });
  }

  /** Whether the listener has not taken the newest value yet. */
  get isBehind(): boolean {
    return this.owed !== undefined;
  }

  send(text: string): void {
    if (this.isOver || this.destroyed) return;
    if (this.readableLength >= pendingBytesMax) this.owed = text;
    else this.push(text);
  }

  /** Only fills a silence. */
  beat(text: string): void {
    if (this.readableLength === 0) this.send(text);
  }

  /** Lets the listener take what is there, for a moment. */
  end(): void {
    if (this.isOver || this.destroyed) return;
    this.isOver = true;
    this.push(null);
    const timer = setTimeout(() => this.destroy(), lingerMs);
    this.once('close', () => clearTimeout(timer));
  }

  override _read(): void {
    const { owed } = this;
    this.owed = undefined;
    if (owed !== undefined && !this.isOver) this.push(owed);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.onGone();
    done(error);
  }
}
