import { type Chunk, Lane, LaneFault, type LaneOptions } from './lane.js';

export interface PartitionChunk extends Chunk {
  readonly partition: number;
}

export interface LaneSetOptions extends LaneOptions {
  readonly partitions: number;
  /** Bytes held by all lanes together; over it an append fails at once. */
  readonly bytesMax: number;
}

// Coarse: a request may wait this much longer than its timeout.
const EXPIRE_EVERY_MS = 250;

/** All lanes of a topic, with one bound on memory. */
export class LaneSet {
  private readonly lanes: readonly Lane[];
  private readonly sweeper: NodeJS.Timeout;
  private bytes = 0;
  private isScheduled = false;
  private isClosing = false;
  private onEmpty: (() => void) | undefined;

  constructor(private readonly options: LaneSetOptions) {
    this.lanes = Array.from(
      { length: options.partitions },
      (_, partition) => new Lane(partition, options, (freedBytes) => this.release(freedBytes)),
    );
    this.sweeper = setInterval(() => this.expire(), EXPIRE_EVERY_MS);
    // The sweeper must not keep a process alive whose lanes are empty.
    this.sweeper.unref();
  }

  get bytesHeld(): number {
    return this.bytes;
  }

  get recordsUnderWay(): number {
    return this.lanes.filter((lane) => !lane.isIdle).length;
  }

  /**
   * Resolves when every chunk is acknowledged by acks=all. Rejects with a `LaneFault` otherwise; some chunks may have been
   * written even then. `traceparent`: of the request, where its trace is sampled.
   */
  async append(chunks: readonly PartitionChunk[], traceparent?: string): Promise<void> {
    if (this.isClosing) throw new LaneFault('closing', 'shutting down');
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.bytes;
    // All or nothing, before anything is queued: a refusal here means that nothing was written.
    if (this.bytes + bytes > this.options.bytesMax) {
      throw new LaneFault('full', `more than ${this.options.bytesMax} bytes wait for Kafka`);
    }
    this.bytes += bytes;
    const nowMs = performance.now();
    const acks = chunks.map((chunk) => this.laneOf(chunk.partition).append(chunk, nowMs, traceparent));
    this.schedule();
    // All of them, then the first fault: a request is answered only once nothing of it is under way unheard.
    for (const ack of await Promise.allSettled(acks)) {
      if (ack.status === 'rejected') throw ack.reason as LaneFault;
    }
  }

  /** Takes nothing new, waits until what was taken is written, gives up what is left after the timeout. */
  async drain(timeoutMs: number): Promise<void> {
    this.isClosing = true;
    if (!this.isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    clearInterval(this.sweeper);
    for (const lane of this.lanes) lane.abort();
    await this.options.supply.close();
  }

  private laneOf(partition: number): Lane {
    const lane = this.lanes[partition];
    if (lane === undefined) throw new RangeError(`there is no partition ${partition}`);
    return lane;
  }

  private get isEmpty(): boolean {
    return this.lanes.every((lane) => lane.isEmpty);
  }

  private release(freedBytes: number): void {
    this.bytes -= freedBytes;
    if (this.isEmpty) this.onEmpty?.();
    else this.schedule();
  }

  /** Once per turn of the event loop, behind its reads: what arrived together travels together. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      for (const lane of this.lanes) lane.pump();
    });
  }

  private expire(): void {
    const nowMs = performance.now();
    for (const lane of this.lanes) lane.expire(nowMs);
  }
}
