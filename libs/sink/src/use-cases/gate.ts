/** Wakes everyone who waits when something changed. A waiter looks for itself whether it was the right change. */
export class Gate {
  private waiters: (() => void)[] = [];

  open(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const wake of waiters) wake();
  }

  /** Returns when `holds` after a change, or after `timeoutMs`, whatever comes first. */
  async wait(timeoutMs: number, holds: () => boolean): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (!holds()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}
