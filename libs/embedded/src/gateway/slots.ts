import { GatewayFailure } from './failures.js';

/** Lets a bounded number of statements run and a bounded number wait, first come, first served. */
export class Slots {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: { running: number; waiting: number; waitMs: number }) {}

  get active(): number {
    return this.running + this.waiting.length;
  }

  /** Runs the work in a slot. Errors: code 202 when too many wait already or the wait was too long. */
  async run<T>(work: () => Promise<T>, gone: AbortSignal): Promise<T> {
    await this.enter(gone);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(gone: AbortSignal): Promise<void> {
    if (this.running < this.limits.running) {
      this.running += 1;
      return Promise.resolve();
    }
    if (this.waiting.length >= this.limits.waiting) return Promise.reject(tooMany());
    return new Promise((resolve, reject) => {
      const leaveQueue = (reason: Error): void => {
        const index = this.waiting.indexOf(granted);
        if (index < 0) return;
        this.waiting.splice(index, 1);
        settle();
        reject(reason);
      };
      const onGone = (): void => leaveQueue(new Error('the client went away while waiting'));
      const timer = setTimeout(() => leaveQueue(tooMany()), this.limits.waitMs);
      const settle = (): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', onGone);
      };
      const granted = (): void => {
        settle();
        resolve();
      };
      gone.addEventListener('abort', onGone, { once: true });
      this.waiting.push(granted);
    });
  }

  private leave(): void {
    const next = this.waiting.shift();
    // The slot passes straight on, so a newcomer cannot overtake the queue.
    if (next === undefined) this.running -= 1;
    else next();
  }
}

const tooMany = (): GatewayFailure =>
  new GatewayFailure(
    202,
    'TOO_MANY_SIMULTANEOUS_QUERIES',
    'Too many statements wait for the engine; try again later.',
  );
