import { type Decision, type Refusal, refusal } from '@ledgerline/kernel';
import {
  decideIngest,
  decideMode,
  type IngestLimits,
  type IngestRequest,
  type Receipt,
  receiptOfAccepted,
  receiptOfRefused,
} from '@ledgerline/ingest';
import { LaneFault, type LaneSet, type PartitionChunk } from '@ledgerline/platform/kafka';
import { type Span, traceparentOf, type Traces } from '@ledgerline/platform/telemetry';
import type { UsageTuple } from '@ledgerline/contract';
import type { IncomingMessage } from 'node:http';
import { chunkEvents } from './chunk-events.js';
import { type BodyReader } from './read-body.js';
import type { IngestMetrics } from './ingest-metrics.js';
import { notValid, type Sender } from './key-ring.js';
import type { RateLimit } from './rate-limit.js';

export interface IngestOptions {
  /** In whose name a request comes, or why it is nobody's. */
  readonly identify: (authorization: string | undefined) => Sender | { readonly refused: Refusal };
  readonly partitions: number;
  readonly limits: IngestLimits;
  /** Domain time in epoch milliseconds: a number, or a promise of one where time has to be asked for. */
  readonly nowMs: () => number | Promise<number>;
  readonly lanes: Pick<LaneSet, 'append'>;
  readonly bodies: BodyReader;
  readonly metrics: IngestMetrics;
  /** Absent when there is no limit. */
  readonly rateLimit?: RateLimit;
  /** Absent when tracing is off: then a request pays for one comparison. */
  readonly traces?: Traces | undefined;
}

/** Where the receipt of a request is put, for a sender who asked for one. */
export interface ReceiptSlot {
  receipt?: Receipt | undefined;
}

/** From an HTTP request to acknowledged records: one verdict for all of its events. */
export class IngestEvents {
  constructor(private readonly options: IngestOptions) {}

  /** Answers the refusal, or undefined when every event is acknowledged by acks=all. */
  run(request: IncomingMessage, slot?: ReceiptSlot): Promise<Refusal | undefined> {
    const span = this.options.traces?.startRequest('ingestEvents', request.headers['traceparent']);
    return span === undefined ? this.take(request, slot) : this.takeTraced(request, span, slot);
  }

  private async takeTraced(
    request: IncomingMessage,
    span: Span,
    slot: ReceiptSlot | undefined,
  ): Promise<Refusal | undefined> {
    try {
      const refused = await this.take(request, slot, traceparentOf(span));
      if (refused !== undefined) span.setAttribute('ledgerline.refused', refused.kind);
      return refused;
    } finally {
      span.end();
    }
  }

  /**
   * One asynchronous function on purpose: at one event a
   * request, a chain of four was seen to cost a tenth more processor time.
   */
  private async take(
    request: IncomingMessage,
    slot: ReceiptSlot | undefined,
    traceparent?: string,
  ): Promise<Refusal | undefined> {
    const { headers } = request;
    const sender = this.options.identify(headers.authorization);
    if ('refused' in sender) return this.refuse(sender.refused);
    const { namespace } = sender;
    const mode = decideMode(headers['content-type'], hasAttributeHeaders(headers));
    if (mode === undefined) return this.refuse(refuseMedia(headers['content-type']));
    const limited = this.limitRate(namespace);
    if (limited !== undefined) return this.refuse(limited);
    const body = await this.options.bodies.read(request);
    if ('refused' in body) return this.refuse(body.refused);
    const now = this.options.nowMs();
    const nowMs = typeof now === 'number' ? now : await now.catch(refuseClock);
    if (typeof nowMs !== 'number') return this.refuse(nowMs);
    if (nowMs >= sender.expiresAtMs) return this.refuse(notValid);
    const rawHeaders = mode === 'binary' ? request.rawHeaders : [];
    const read = { namespace, mode, text: body.text, rawHeaders };
    const decision = this.decide(read, nowMs);
    if (decision.refused !== undefined) {
      if (slot !== undefined) {
        slot.receipt = receiptOfRefused(read, decision.refused, nowMs, this.options.limits);
      }
      return this.refuse(decision.refused);
    }
    const { chunks, tuples } = decision.accepted;
    try {
      await this.options.lanes.append(chunks, traceparent);
    } catch (error) {
      return this.refuse(refuseFault(error));
    }
    this.options.metrics.countAccepted(tuples.length);
    if (slot !== undefined) slot.receipt = receiptOfAccepted(tuples);
    return undefined;
  }

  private refuse(refused: Refusal): Refusal {
    this.options.metrics.countRefused(refused.kind);
    return refused;
  }

  private limitRate(namespace: string): Refusal | undefined {
    const seconds = this.options.rateLimit?.take(namespace, performance.now()) ?? 0;
    if (seconds === 0) return undefined;
    return refusal.tooManyRequests('too many requests for this namespace', { retryAfterSeconds: seconds });
  }

  private decide(
    request: IngestRequest,
    nowMs: number,
  ): Decision<{ readonly chunks: readonly PartitionChunk[]; readonly tuples: readonly UsageTuple[] }> {
    const { partitions, limits } = this.options;
    const decision = decideIngest(request, nowMs, limits);
    if (decision.refused !== undefined) return decision;
    const chunks = chunkEvents(decision.accepted, partitions);
    if (chunks.refused !== undefined) return chunks;
    return { accepted: { chunks: chunks.accepted, tuples: decision.accepted } };
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
