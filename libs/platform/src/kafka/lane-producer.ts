/** Beside the value; absent unless somebody traces. */
export type RecordHeaders = Readonly<Record<string, string>>;

/** What a lane needs of Kafka. One producer serves all lanes; each lane has at most one `send` under way. */
export interface RecordProducer {
  /**
   * Writes one record to one partition and answers its offset once acks=all holds. Rejects when that is not known; the record may
   * then be in the log or not.
   */
  send(partition: number, value: Buffer, headers?: RecordHeaders): Promise<{ readonly baseOffset: bigint }>;
  /** Ends the connection. A `send` under way rejects or resolves; none may follow. */
  close(): Promise<void>;
}

export type OpenRecordProducer = () => Promise<RecordProducer>;

/** Rejects when `work` takes longer. The work itself goes on; its late outcome is given to `onLate`. */
export function within<T>(
  work: Promise<T>,
  timeoutMs: number,
  what: string,
  onLate?: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error(`${what} took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    work.then(
      (value) => {
        clearTimeout(timer);
        if (isLate) onLate?.(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

export interface ProducerSupplyOptions {
  readonly open: OpenRecordProducer;
  /** A connection that is not up by then is given up; the next send tries again. */
  readonly openTimeoutMs: number;
  /** Told of producers that did not close cleanly: their outcome is already counted as unknown, so nobody waits for it. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Holds the one current producer. After any failed send it is dropped and a new one made: an idempotent producer takes back the sequence
 * numbers of a failed send, so the broker would take the next record for a repetition of the failed one and acknowledge it unwritten.
 */
export class ProducerSupply {
  private current: Promise<RecordProducer> | undefined;

  constructor(private readonly options: ProducerSupplyOptions) {}

  get(): Promise<RecordProducer> {
    if (this.current !== undefined) return this.current;
    const opening = within(this.options.open(), this.options.openTimeoutMs, 'connecting to Kafka', (late) =>
      this.end(late),
    );
    this.current = opening;
    opening.catch(() => {
      // Whoever waits for it hears the reason; the next caller gets a fresh attempt.
      if (this.current === opening) this.current = undefined;
    });
    return opening;
  }

  /** Drops the producer that failed, unless a lane beside has done so already. */
  async drop(failed: RecordProducer): Promise<void> {
    const current = this.current;
    if (current === undefined) return;
    const producer = await current.catch(() => failed);
    if (producer !== failed || this.current !== current) return;
    this.current = undefined;
    this.end(failed);
  }

  async close(): Promise<void> {
    const current = this.current;
    this.current = undefined;
    if (current === undefined) return;
    const producer = await current.then(
      (opened) => opened,
      () => undefined, // never opened: its waiters have the reason
    );
    await producer?.close();
  }

  private end(producer: RecordProducer): void {
    producer.close().catch(this.options.onFault);
  }
}
