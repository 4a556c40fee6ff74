import { setTimeout as delay } from 'node:timers/promises'; // tidy: the pace of a load, not a wait for a result

/** mulberry32: the same seed gives the same run of the driver and of the kills, as far as timing allows. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Posted {
  readonly id: string;
  readonly source: string;
  /** Billionths, so that the driver's own sum is exact. */
  readonly nano: bigint;
  readonly body: unknown;
}

export interface DriverCounts {
  requests: number;
  acknowledged: number;
  refused: number;
  unknown: number;
  retried: number;
  resent: number;
}

const sources = ['api-eu', 'api-us', 'batch'];
const batchMax = 60;
const requestTimeoutMs = 12_000; // above ingest's own 8 s
const pauseMaxMs = 40;
const resendShare = 0.03;
const keptForResend = 500;

/**
 * Posts usage events and keeps its own record of what was acknowledged. A request whose outcome is unknown or that was refused
 * for now is sent again with the same ids until it is acknowledged; some acknowledged ones are sent again anyway.
 */
export class CrashDriver {
  readonly counts: DriverCounts = {
    requests: 0,
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    retried: 0,
    resent: 0,
  };
  /** What the service must have counted: every event here was answered 204. */
  private readonly acknowledged = new Map<string, bigint>();
  private readonly recent: Posted[][] = [];
  private readonly waiting: Posted[][] = [];
  private isEnding = false;
  private made = 0;

  constructor(
    private readonly url: string,
    private readonly random: () => number,
    private readonly run: string,
  ) {}

  get events(): number {
    return this.acknowledged.size;
  }

  get nano(): bigint {
    let sum = 0n;
    for (const value of this.acknowledged.values()) sum += value;
    return sum;
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.acknowledged.keys());
  }

  /** Posts until told to end, then until nothing is left whose outcome is unknown. */
  async post(workers: number): Promise<void> {
    await Promise.all(Array.from({ length: workers }, () => this.work()));
  }

  end(): void {
    this.isEnding = true;
  }

  private async work(): Promise<void> {
    for (;;) {
      const again = this.waiting.shift();
      if (again !== undefined) {
        this.counts.retried += 1;
        await delay(100 + this.random() * 200);
        await this.send(again);
        continue;
      }
      if (this.isEnding) return;
      const old = this.recent[Math.floor(this.random() * this.recent.length)];
      if (old !== undefined && this.random() < resendShare) {
        this.counts.resent += 1;
        await this.send(old);
      } else {
        await this.send(Array.from({ length: 1 + Math.floor(this.random() * batchMax) }, () => this.event()));
      }
      await delay(this.random() * pauseMaxMs);
    }
  }

  private event(): Posted {
    this.made += 1;
    const nano = BigInt(Math.floor(this.random() * 1e12));
    const id = `${this.run}-${this.made}`;
    const source = sources[this.made % sources.length]!;
    // One in twenty comes late.
    const ageMs = this.random() < 0.05 ? Math.floor(this.random() * 3_600_000) : 0;
    return {
      id,
      source,
      nano,
      body: {
        specversion: '1.0',
        id,
        source,
        type: 'crash',
        subject: `customer-${this.made % 7}`,
        time: new Date(Date.now() - ageMs).toISOString(),
        data: { amount: nanoText(nano), n: this.made },
      },
    };
  }

  private async send(events: Posted[]): Promise<void> {
    this.counts.requests += 1;
    let status: number;
    try {
      const reply = await fetch(`${this.url}/api/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify(events.map(({ body }) => body)),
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      await reply.arrayBuffer();
      status = reply.status;
    } catch {
      this.counts.unknown += 1;
      this.waiting.push(events);
      return;
    }
    if (status === 204) {
      this.counts.acknowledged += 1;
      for (const event of events) this.acknowledged.set(`${event.source} ${event.id}`, event.nano);
      if (this.recent.length < keptForResend) this.recent.push(events);
    } else if (status === 503) {
      this.counts.refused += 1;
      this.waiting.push(events);
    } else {
      throw new Error(`ingest answered ${status}, which no event of this driver deserves`);
    }
  }
}

export const nanoText = (nano: bigint): string =>
  `${nano / 1_000_000_000n}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}`;
