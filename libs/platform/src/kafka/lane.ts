import { recordTracesMax, tracesHeader } from '../telemetry/traces.js';
import { type ProducerSupply, type RecordHeaders, within } from './lane-producer.js';

/** Why an append did not end in an acknowledgement. */
export type LaneFaultKind =
  /** Never written: no room in memory, or shutting down. */
  | 'full'
  | 'closing'
  /** Not known whether it was written: no acknowledgement in time. */
  | 'unknown';

export class LaneFault extends Error {
  override readonly name = 'LaneFault';

  constructor(
    readonly kind: LaneFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Some encoded events of one request that belong to one partition. They travel in one record. */
export interface Chunk {
  readonly text: string;
  readonly events: number;
  readonly bytes: number;
}

interface Waiter extends Chunk {
  readonly traceparent?: string;
  readonly expiresAtMs: number;
  readonly resolve: () => void;
  readonly reject: (fault: LaneFault) => void;
}

export interface LaneOptions {
  readonly supply: ProducerSupply;
  /** Joins the texts of some chunks into a record's value. */
  readonly close: (texts: readonly string[]) => Buffer;
  /** A record is closed before it holds more events or bytes; a single larger chunk makes a record of its own. */
  readonly recordEventsMax: number;
  readonly recordBytesMax: number;
  /** One attempt to write a record; the producer is replaced after it. */
  readonly attemptTimeoutMs: number;
  /** How long an append waits for its acknowledgement. */
  readonly ackTimeoutMs: number;
  /** Told after each attempt, for metrics and readiness. */
  readonly onAttempt: (attempt: LaneAttempt) => void;
}

export interface LaneAttempt {
  readonly partition: number;
  readonly durationMs: number;
  readonly events: number;
  readonly error?: Error;
}

const RESEND_WAIT_MS = { first: 50, most: 1_000 };

/**
 * The way of one partition's events into Kafka: a buffer and one record under way. While a record is under way the next one
 * fills, so records grow with the load. Whoever appends is told only after acks=all.
 */
export class Lane {
  private queue: Waiter[] = [];
  private underWay: readonly Waiter[] = [];
  private lastOffset = -1n;
  private wake: (() => void) | undefined;
  private isClosed = false;
  /** Some waiter is traced: without any, records are made as if there were no tracing. */
  private isTraced = false;

  /** @param onIdle told whenever the lane could take its next record, and with the bytes that left memory */
  constructor(
    private readonly partition: number,
    private readonly options: LaneOptions,
    private readonly onIdle: (freedBytes: number) => void,
  ) {}

  get isIdle(): boolean {
    return this.underWay.length === 0;
  }

  get isEmpty(): boolean {
    return this.isIdle && this.queue.length === 0;
  }

  append(chunk: Chunk, nowMs: number, traceparent?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { ...chunk, expiresAtMs: nowMs + this.options.ackTimeoutMs, resolve, reject };
      if (traceparent === undefined) {
        this.queue.push(waiter);
        return;
      }
      this.isTraced = true;
      this.queue.push({ ...waiter, traceparent });
    });
  }

  /** Closes the next record and sends it, when none is under way. */
  pump(): void {
    if (!this.isIdle || this.queue.length === 0) return;
    const record = this.takeRecord();
    this.underWay = record;
    const value = this.options.close(record.map(({ text }) => text));
    const headers = this.isTraced ? headersOf(record) : undefined;
    if (this.queue.length === 0) this.isTraced = false;
    void this.write(record, value, headers).then(() => {
      this.underWay = [];
      this.onIdle(sum(record, 'bytes'));
    });
  }

  /** Answers everyone who has waited too long. What is still queued is forgotten, so a stalled broker holds no memory for long. */
  expire(nowMs: number): void {
    const keep = this.queue.findIndex(({ expiresAtMs }) => expiresAtMs > nowMs);
    const expired = this.queue.splice(0, keep === -1 ? this.queue.length : keep);
    const fault = new LaneFault(
      'unknown',
      `Kafka did not acknowledge within ${this.options.ackTimeoutMs} ms`,
    );
    for (const waiter of expired) waiter.reject(fault);
    // Their record stays under way; rejecting twice is a no-op.
    for (const waiter of this.underWay) if (waiter.expiresAtMs <= nowMs) waiter.reject(fault);
    if (expired.length > 0) this.onIdle(sum(expired, 'bytes'));
  }

  /** Gives up what has not been written. */
  abort(): void {
    this.isClosed = true;
    this.expire(Number.POSITIVE_INFINITY);
    this.wake?.();
  }

  private hasGivenUp(): boolean {
    return this.isClosed;
  }

  private takeRecord(): readonly Waiter[] {
    const { recordEventsMax, recordBytesMax } = this.options;
    let events = 0;
    let bytes = 0;
    const full = this.queue.findIndex((waiter, index) => {
      events += waiter.events;
      bytes += waiter.bytes;
      return index > 0 && (events > recordEventsMax || bytes > recordBytesMax);
    });
    return this.queue.splice(0, full === -1 ? this.queue.length : full);
  }

  /** Sends the same record until it is acknowledged, or until nobody waits for it any more. Never rejects. */
  private async write(
    record: readonly Waiter[],
    value: Buffer,
    headers: RecordHeaders | undefined,
  ): Promise<void> {
    const lastExpiryMs = record.at(-1)?.expiresAtMs ?? 0;
    for (let waitMs = RESEND_WAIT_MS.first; ; waitMs = Math.min(waitMs * 2, RESEND_WAIT_MS.most)) {
      const error = await this.attempt(record, value, headers);
      if (error === undefined) {
        for (const waiter of record) waiter.resolve();
        return;
      }
      if (this.hasGivenUp() || performance.now() + waitMs >= lastExpiryMs) {
        const fault = new LaneFault('unknown', `Kafka did not acknowledge: ${error.message}`, {
          cause: error,
        });
        for (const waiter of record) waiter.reject(fault);
        return;
      }
      await this.pause(waitMs);
      // Given up while pausing: everyone has been answered.
      if (this.hasGivenUp()) return;
    }
  }

  /** One attempt. Answers the error, having dropped the producer it was made with. */
  private async attempt(
    record: readonly Waiter[],
    value: Buffer,
    headers: RecordHeaders | undefined,
  ): Promise<Error | undefined> {
    const { supply, attemptTimeoutMs, onAttempt } = this.options;
    const startedAtMs = performance.now();
    let error: Error | undefined;
    try {
      const producer = await supply.get();
      try {
        const sending = producer.send(this.partition, value, headers);
        this.checkOffset((await within(sending, attemptTimeoutMs, 'writing a record')).baseOffset);
      } catch (failure) {
        await supply.drop(producer);
        throw failure;
      }
    } catch (failure) {
      error = failure instanceof Error ? failure : new Error(String(failure));
    }
    onAttempt({
      partition: this.partition,
      durationMs: performance.now() - startedAtMs,
      events: sum(record, 'events'),
      ...(error !== undefined && { error }),
    });
    return error;
  }

  // A client was seen to acknowledge fifty records with one in the log: offsets that stand still give that away.
  private checkOffset(offset: bigint): void {
    const last = this.lastOffset;
    const advances = offset > last;
    // A topic that was made anew starts at zero: the resend, with its new producer, sets the new beginning.
    this.lastOffset = advances ? offset : -1n;
    if (!advances) throw new Error(`offset ${offset} of partition ${this.partition} does not follow ${last}`);
  }

  private pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(), waitMs);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }
}

const sum = (chunks: readonly Chunk[], field: 'events' | 'bytes'): number =>
  chunks.reduce((total, chunk) => total + chunk[field], 0);

function headersOf(record: readonly Waiter[]): RecordHeaders | undefined {
  const traces = new Set<string>();
  for (const { traceparent } of record) {
    if (traceparent !== undefined) traces.add(traceparent);
    if (traces.size === recordTracesMax) break;
  }
  return traces.size === 0 ? undefined : { [tracesHeader]: [...traces].join(',') };
}
