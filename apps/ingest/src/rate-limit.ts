/** Namespaces watched at once. Those that have been quiet for a second are forgotten first: their buckets are full. */
const BUCKETS_MAX = 10_000;

/** A token bucket per namespace: a second's worth of requests may come at once. */
export class RateLimit {
  private readonly buckets = new Map<string, { tokens: number; filledAtMs: number }>();

  constructor(private readonly requestsPerSecond: number) {}

  /** Takes one token. Answers 0, or the whole seconds after which one will be there. */
  take(namespace: string, nowMs: number): number {
    const rate = this.requestsPerSecond;
    let bucket = this.buckets.get(namespace);
    if (bucket === undefined) {
      if (this.buckets.size >= BUCKETS_MAX) this.forgetQuiet(nowMs);
      bucket = { tokens: rate, filledAtMs: nowMs };
      this.buckets.set(namespace, bucket);
    }
    const gained = ((nowMs - bucket.filledAtMs) / 1000) * rate;
    bucket.tokens = Math.min(rate, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / rate));
    bucket.tokens -= 1;
    return 0;
  }

  private forgetQuiet(nowMs: number): void {
    for (const [namespace, { filledAtMs }] of this.buckets) {
      if (nowMs - filledAtMs >= 1_000) this.buckets.delete(namespace);
    }
  }
}
