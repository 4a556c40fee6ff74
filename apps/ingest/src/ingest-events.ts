import { type Refusal, refusal } from '@ledgerline/kernel';
import { decideIngest, decideMode, type IngestLimits } from '@ledgerline/metering/core';
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

  /** Calls back once: with the refusal, or with undefined when every event is acknowledged by acks=all. */
  run(request: IncomingMessage, answer: (refused: Refusal | undefined) => void): void {
    const { metrics } = this.options;
    const settle = (refused: Refusal | undefined, events = 0): void => {
      if (refused === undefined) metrics.countAccepted(events);
      else metrics.countRefused(refused.kind);
      answer(refused);
    };
    const { headers } = request;
    const mode = decideMode(headers['content-type'], hasAttributeHeaders(headers));
    if (mode === undefined) return settle(refuseMedia(headers['content-type']));
    const limited = this.limitRate();
    if (limited !== undefined) return settle(limited);
    this.options.bodies.read(request, (body) => {
      if ('refused' in body) return settle(body.refused);
      const { text } = body;
      const now = this.options.nowMs();
      const rawHeaders = mode === 'binary' ? request.rawHeaders : [];
      const proceed = (nowMs: number): void => this.store({ mode, text, rawHeaders }, nowMs, settle);
      if (typeof now === 'number') proceed(now);
      else now.then(proceed, (error: unknown) => settle(refuseClock(error)));
    });
  }

  private limitRate(): Refusal | undefined {
    const { rateLimit, namespace } = this.options;
    const seconds = rateLimit?.take(namespace, performance.now()) ?? 0;
    if (seconds === 0) return undefined;
    return refusal.tooManyRequests('too many requests for this namespace', { retryAfterSeconds: seconds });
  }

  private store(
    request: Omit<Parameters<typeof decideIngest>[0], 'namespace'>,
    nowMs: number,
    settle: (refused: Refusal | undefined, events?: number) => void,
  ): void {
    const { namespace, partitions, limits, lanes } = this.options;
    const decision = decideIngest({ namespace, ...request }, nowMs, limits);
    if (decision.refused !== undefined) return settle(decision.refused);
    const events = decision.accepted.length;
    const chunks = chunkEvents(decision.accepted, partitions);
    if (chunks.refused !== undefined) return settle(chunks.refused);
    lanes.append(chunks.accepted).then(
      () => settle(undefined, events),
      (error: unknown) => settle(refuseFault(error)),
    );
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
