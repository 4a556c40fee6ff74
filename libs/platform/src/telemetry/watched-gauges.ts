import { Counter, Gauge, type Registry } from 'prom-client';

/** One sample: labels and value. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export interface WatchedGauge {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

// A scrape usually has ten seconds, and one slow engine must not take the figures of the others along.
const readMaxMs = 3_000;
// Two scrapers at the usual quarter of a minute ask an engine once.
const freshMs = 5_000;

/**
 * Figures that an engine is asked for when somebody looks. An engine that does not answer costs its own figures only: they are
 * missing, and a counter says so.
 */
export class WatchedGauges {
  private readonly failures: Counter<'source'>;

  constructor(private readonly registry: Registry) {
    this.failures = new Counter({
      name: 'ledgerline_metrics_failures_total',
      help: 'Looks at an engine for its figures that failed; the figures are missing then.',
      labelNames: ['source'],
      registers: [registry],
    });
  }

  /** Adds gauges that one look at `source` fills, in the order of `gauges`. */
  watch<const G extends readonly WatchedGauge[]>(
    source: string,
    gauges: G,
    read: () => Promise<{ readonly [K in keyof G]: readonly Sample[] }>,
  ): void {
    this.failures.inc({ source }, 0);
    const look = this.sharedLook(source, read);
    gauges.forEach(({ name, help, labelNames = [] }, at) => {
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [this.registry],
        async collect() {
          const samples = (await look())?.[at] ?? [];
          this.reset();
          if (samples.length === 0) this.remove(); // a gauge without labels would show 0
          for (const [labels, value] of samples) this.set(labels, value);
        },
      });
    });
  }

  /** One look for all gauges of a source, and for whoever asks within the next seconds. */
  private sharedLook<T>(source: string, read: () => Promise<T>): () => Promise<T | undefined> {
    let current: Promise<T | undefined> | undefined;
    let lookedAtMs = -Infinity;
    return () => {
      const nowMs = performance.now();
      if (current !== undefined && nowMs - lookedAtMs < freshMs) return current;
      lookedAtMs = nowMs;
      current = inTime(read).catch(() => {
        // Told by the counter; readiness says why the engine does not answer.
        this.failures.inc({ source });
        return undefined;
      });
      return current;
    };
  }
}

async function inTime<T>(read: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${readMaxMs} ms`)), readMaxMs);
  });
  try {
    return await Promise.race([read(), late]);
  } finally {
    clearTimeout(timer);
  }
}
