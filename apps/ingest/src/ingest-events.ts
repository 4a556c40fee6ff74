import { type Refusal, refusal } from '@ledgerline/kernel';
import { decideIngest, decideMode, type IngestLimits, type IngestRequest } from '@ledgerline/metering/core';
import { LaneFault, type LaneSet } from '@ledgerline/platform/kafka';
import type { IncomingMessage } from 'node:http';
import { chunkEvents } from './chunk-events.js';
import { type BodyReader } from './read-body.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { RateLimit } from './rate-limit.js';

export interface IngestOptions {
  readonly namespace: string;
  readonly partitions: number;
  readonly limits: IngestLimits;
  /** Domain time in epoch milliseconds: a number, or a promise of one where time has to be asked for. */
  readonly nowMs: () => number | Promise<number>;
  readonly lanes: Pick<LaneSet, 'append'>;
  readonly bodies: BodyReader;
  readonly metrics: IngestMetrics;
  /** Absent when there is no limit. */
  readonly rateLimit?: RateLimit;
}

/** From an HTTP request to acknowledged records: one verdict for all of its events. */
export class IngestEvents {
  constructor(private readonly options: IngestOptions) {}

  /** Answers the refusal, or undefined when every event is acknowledged by acks=all. */
  async run(request: IncomingMessage): Promise<Refusal | undefined> {
    const { metrics } = this.options;
    const outcome = await this.take(request);
    if (typeof outcome === 'number') {
      metrics.countAccepted(outcome);
      return undefined;
    }
    metrics.countRefused(outcome.kind);
    return outcome;
  }

  /** The number of acknowledged events, or why there is none. */
  private async take(request: IncomingMessage): Promise<number | Refusal> {
    const { headers } = request;
    const mode = decideMode(headers['content-type'], hasAttributeHeaders(headers));
    if (mode === undefined) return refuseMedia(headers['content-type']);
    const limited = this.limitRate();
    if (limited !== undefined) return limited;
    const body = await this.options.bodies.read(request);
    if ('refused' in body) return body.refused;
    const nowMs = await this.readClock();
    if (typeof nowMs !== 'number') return nowMs;
    const rawHeaders = mode === 'binary' ? request.rawHeaders : [];
    return this.store({ mode, text: body.text, rawHeaders }, nowMs);
  }

  private limitRate(): Refusal | undefined {
    const { rateLimit, namespace } = this.options;
    const seconds = rateLimit?.take(namespace, performance.now()) ?? 0;
    if (seconds === 0) return undefined;
    return refusal.tooManyRequests('too many requests for this namespace', { retryAfterSeconds: seconds });
  }

  private readClock(): number | Promise<number | Refusal> {
    const now = this.options.nowMs();
    return typeof now === 'number' ? now : now.catch(refuseClock);
  }

  private async store(request: Omit<IngestRequest, 'namespace'>, nowMs: number): Promise<number | Refusal> {
    const { namespace, partitions, limits, lanes } = this.options;
    const decision = decideIngest({ namespace, ...request }, nowMs, limits);
    if (decision.refused !== undefined) return decision.refused;
    const chunks = chunkEvents(decision.accepted, partitions);
    if (chunks.refused !== undefined) return chunks.refused;
    try {
      await lanes.append(chunks.accepted);
    } catch (error) {
      return refuseFault(error);
    }
    return decision.accepted.length;
  }
}

const hasAttributeHeaders = (headers: IncomingMessage['headers']): boolean =>
  headers['ce-id'] !== undefined ||
  headers['ce-specversion'] !== undefined ||
  headers['ce-source'] !== undefined ||
  headers['ce-type'] !== undefined;

const refuseMedia = (contentType: string | undefined): Refusal =>
  refusal.unsupportedMediaType(
    `content type ${contentType === undefined ? 'is missing' : `${contentType.slice(0, 100)} is not supported`}: send ` +
      'application/cloudevents+json, application/cloudevents-batch+json, application/json, or ce-* headers with a JSON body',
  );

function refuseFault(error: unknown): Refusal {
  if (!(error instanceof LaneFault)) throw error;
  const detail = {
    full: 'too many events wait for Kafka; none of this request was stored',
    closing: 'shutting down; none of this request was stored',
    unknown: 'Kafka did not acknowledge in time; send the same events again, they are counted once',
  }[error.kind];
  return refusal.unavailable(detail);
}

const refuseClock = (error: unknown): Refusal =>
  refusal.unavailable(`the time is not known: ${error instanceof Error ? error.message : String(error)}`);
