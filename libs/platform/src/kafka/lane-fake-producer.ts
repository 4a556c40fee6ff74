import type { RecordHeaders, RecordProducer } from './lane-producer.js';

/** The log that fake producers write to; it outlives each of them, as a broker does. */
export class FakeLog {
  /** By partition, in order. */
  readonly records = new Map<number, Buffer[]>();
  /** Of every record written, in the order of writing. */
  readonly headers: (RecordHeaders | undefined)[] = [];
  /** Producers opened so far. */
  opened = 0;
  /** Most records under way in one partition at once. */
  underWayMax = 0;
  /** What the next sends do instead of being written and acknowledged; used up one by one. */
  readonly faults: LogFault[] = [];
  private readonly underWay = new Map<number, number>();
  private gate: Promise<void> | undefined;

  open = (): Promise<RecordProducer> => {
    this.opened += 1;
    return Promise.resolve(new FakeProducer(this));
  };

  /** Holds every write back until the returned function is called: a frozen broker. */
  freeze(): () => void {
    let thaw: () => void = () => undefined;
    this.gate = new Promise((resolve) => {
      thaw = () => {
        this.gate = undefined;
        resolve();
      };
    });
    return thaw;
  }

  async write(partition: number, value: Buffer, headers?: RecordHeaders): Promise<{ baseOffset: bigint }> {
    const count = (this.underWay.get(partition) ?? 0) + 1;
    this.underWay.set(partition, count);
    this.underWayMax = Math.max(this.underWayMax, count);
    try {
      await this.gate;
      const fault = this.faults.shift();
      const records = this.records.get(partition) ?? [];
      if (fault === 'refused') throw new Error('the fake log refuses');
      if (fault === 'same-offset') return { baseOffset: BigInt(records.length - 1) };
      records.push(value);
      this.headers.push(headers);
      this.records.set(partition, records);
      if (fault === 'written-unacknowledged') throw new Error('the fake acknowledgement is lost');
      return { baseOffset: BigInt(records.length - 1) };
    } finally {
      this.underWay.set(partition, count - 1);
    }
  }
}

export type LogFault = 'refused' | 'written-unacknowledged' | 'same-offset';

class FakeProducer implements RecordProducer {
  private isClosed = false;

  constructor(private readonly log: FakeLog) {}

  async send(partition: number, value: Buffer, headers?: RecordHeaders): Promise<{ baseOffset: bigint }> {
    if (this.isClosed) throw new Error('the producer is closed');
    return this.log.write(partition, value, headers);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
