import type { UsageEvent } from '@ledgerline/contract';
import type { DedupeFilters } from './filters.js';
import type { EventsInsert, LogRecord, OffsetRange, StoredIdentity } from './ports.js';
import { type RowIdentity, rowStatus, RowWriter } from './row-writer.js';
import { type DuplicateReason, type InvalidReason, rawTextOf, verdictAgainst } from './verdicts.js';

export interface BatchHashes {
  /** 64 bits over the identity of an event. */
  readonly fingerprintOf: (namespace: string, source: string, id: string) => bigint;
  /** 64 bits over the bytes of a record that cannot be read. */
  readonly fingerprintOfBytes: (bytes: Uint8Array) => bigint;
}

export interface BatchCounts {
  readonly ok: number;
  readonly duplicate: number;
  readonly invalid: number;
  readonly duplicateBy: Readonly<Record<DuplicateReason, number>>;
  readonly invalidBy: Readonly<Record<InvalidReason, number>>;
}

// Links of one span; more would say nothing new.
const tracesMax = 128;

const startBytes = 8 * 1024 * 1024; // a usual batch of 20,000 rows fits without growing
export const weekMs = 7 * 24 * 60 * 60 * 1000;
export const weekOf = (ms: number): number => Math.floor(ms / weekMs);

const identityKey = (identity: { namespace: string; source: string; id: string }): string =>
  JSON.stringify([identity.namespace, identity.source, identity.id]);

/**
 * The rows of one insert while it fills. Written once, in wire form; only the status of a row is changed later, when the
 * exact duplicate look-up has answered. Reused from batch to batch, so that its buffer is allocated once.
 */
export class SinkBatch {
  private readonly writer = new RowWriter(startBytes);
  private readonly held = new Map<number, OffsetRange>();
  // Row by row: where it starts and its fingerprint in halves.
  private readonly starts: number[] = [];
  private readonly highs: number[] = [];
  private readonly lows: number[] = [];
  private readonly suspects: number[] = [];
  /** When the log took each record, and the traces that go through them. */
  readonly arrivedAtMs: number[] = [];
  readonly traceparents: string[] = [];
  private readonly duplicateBy = { stored: 0, 'same-batch': 0 };
  private readonly invalidBy = { unreadable: 0, time: 0, arrival: 0 };
  private month = 0;
  private readonly wide = new BigUint64Array(1);
  private readonly halves = new Uint32Array(this.wide.buffer);

  constructor(
    private readonly hashes: BatchHashes,
    private readonly filters: DedupeFilters,
  ) {}

  get rows(): number {
    return this.starts.length;
  }

  get bytes(): number {
    return this.writer.bytes;
  }

  get ranges(): ReadonlyMap<number, OffsetRange> {
    return this.held;
  }

  /** Rows that needed the exact look-up. */
  get suspectCount(): number {
    return this.suspects.length;
  }

  counts(): BatchCounts {
    const duplicateBy = { ...this.duplicateBy };
    const invalidBy = { ...this.invalidBy };
    const duplicate = duplicateBy.stored + duplicateBy['same-batch'];
    const invalid = invalidBy.unreadable + invalidBy.time + invalidBy.arrival;
    return { ok: this.rows - duplicate - invalid, duplicate, invalid, duplicateBy, invalidBy };
  }

  clear(): void {
    this.writer.clear();
    this.held.clear();
    this.starts.length = this.highs.length = this.lows.length = 0;
    this.suspects.length = this.arrivedAtMs.length = this.traceparents.length = 0;
    this.duplicateBy.stored = this.duplicateBy['same-batch'] = 0;
    this.invalidBy.unreadable = this.invalidBy.time = this.invalidBy.arrival = 0;
    this.month = 0;
  }

  noteArrival({ appendedAtMs, traceparents }: LogRecord): void {
    this.arrivedAtMs.push(appendedAtMs);
    if (traceparents === undefined || this.traceparents.length >= tracesMax) return;
    this.traceparents.push(...traceparents.split(',').slice(0, tracesMax - this.traceparents.length));
  }

  addRecord(partition: number, offset: number, events: readonly UsageEvent[]): void {
    for (let index = 0; index < events.length; index += 1) {
      this.addEvent(partition, offset, index, events[index] as UsageEvent);
    }
    this.extend(partition, offset);
  }

  /** A record that cannot be read is one row at index 0, so that its offset is in the table. */
  addUnreadable(
    partition: number,
    record: { offset: number; appendedAtMs: number; value: Buffer | null },
    reason: string,
  ): void {
    const raw = rawTextOf(record.value);
    this.split(this.hashes.fingerprintOfBytes(record.value ?? new Uint8Array()));
    const start = this.writer.write({
      status: rowStatus.invalid,
      partition,
      offset: record.offset,
      index: 0,
      fingerprintHigh: this.halves[1] as number,
      fingerprintLow: this.halves[0] as number,
      timeSeconds: Math.floor(record.appendedAtMs / 1000),
      ingestedAtMs: record.appendedAtMs,
      namespace: '',
      id: '',
      source: '',
      type: '',
      subject: '',
      data: null,
      dataSent: raw.text,
      reason: raw.encoding === 'base64' ? `${reason} (data_sent is base64)` : reason,
    });
    this.note(start, record.appendedAtMs);
    this.invalidBy.unreadable += 1;
    this.extend(partition, record.offset);
  }

  /** Fingerprints of rows that may have been counted before, and since when that matters. */
  questions(windowMs: number): { fingerprints: bigint[]; sinceMs: number } | undefined {
    if (this.suspects.length === 0) return undefined;
    const fingerprints = new Set<bigint>();
    let earliestMs = Infinity;
    for (const row of this.suspects) {
      fingerprints.add((BigInt(this.highs[row] as number) << 32n) | BigInt(this.lows[row] as number));
      earliestMs = Math.min(earliestMs, this.identityOf(row).ingestedAtMs);
    }
    return { fingerprints: [...fingerprints], sinceMs: earliestMs - windowMs };
  }

  /**
   * Decides every suspect: a duplicate if the same identity was counted within the window, in the table or earlier in this
   * batch. First one wins; fingerprints alone decide nothing.
   */
  settle(stored: readonly StoredIdentity[], windowMs: number): void {
    if (this.suspects.length === 0) return;
    const countedAtMs = new Map<string, number>();
    const count = (key: string, atMs: number): void => {
      countedAtMs.set(key, Math.max(atMs, countedAtMs.get(key) ?? -Infinity));
    };
    for (const identity of stored) count(identityKey(identity), identity.ingestedAtMs);
    const inTable = new Set(countedAtMs.keys());
    const suspects = new Set(this.suspects);
    const prints = new Set(this.suspects.map((row) => this.lows[row]));
    for (let row = 0; row < this.rows; row += 1) {
      // Half a fingerprint narrows the search; the identity decides. An invalid event is nobody's first.
      if (!prints.has(this.lows[row])) continue;
      const start = this.starts[row] as number;
      if (this.writer.statusAt(start) !== rowStatus.ok) continue;
      const identity = this.writer.identityAt(start);
      const key = identityKey(identity);
      const before = countedAtMs.get(key);
      if (suspects.has(row) && before !== undefined && identity.ingestedAtMs - before <= windowMs) {
        this.writer.setStatus(start, rowStatus.duplicate);
        this.duplicateBy[inTable.has(key) ? 'stored' : 'same-batch'] += 1;
      } else {
        count(key, identity.ingestedAtMs);
      }
    }
  }

  private identityOf(row: number): RowIdentity {
    return this.writer.identityAt(this.starts[row] as number);
  }

  toInsert(claim: string): EventsInsert {
    // Where no event has a time of arrival that can be kept, the log's own is the nearest.
    const batchMonth = this.month === 0 ? yearMonthOf(this.arrivedAtMs[0] ?? 0) : this.month;
    return { claim, ranges: this.held, batchMonth, rows: this.writer.written() };
  }

  private addEvent(partition: number, offset: number, index: number, event: UsageEvent): void {
    const against = verdictAgainst(event);
    this.split(this.hashes.fingerprintOf(event.namespace, event.source, event.id));
    const high = this.halves[1] as number;
    const low = this.halves[0] as number;
    const start = this.writer.write({
      status: against === undefined ? rowStatus.ok : rowStatus.invalid,
      partition,
      offset,
      index,
      fingerprintHigh: high,
      fingerprintLow: low,
      timeSeconds: against === undefined ? event.timeSeconds : 0,
      ingestedAtMs: against === undefined ? event.ingestedAtMs : 0,
      namespace: event.namespace,
      id: event.id,
      source: event.source,
      type: event.type,
      subject: event.subject,
      data: event.data,
      dataSent: event.dataSent,
      reason: against?.text ?? '',
    });
    if (against !== undefined) {
      this.note(start, 0);
      this.invalidBy[against.reason] += 1;
      return;
    }
    if (this.filters.seen(partition, weekOf(event.ingestedAtMs), high, low)) this.suspects.push(this.rows);
    this.note(start, event.ingestedAtMs);
  }

  private note(start: number, ingestedAtMs: number): void {
    if (this.month === 0 && ingestedAtMs > 0) this.month = yearMonthOf(ingestedAtMs);
    this.starts.push(start);
    this.highs.push(this.halves[1] as number);
    this.lows.push(this.halves[0] as number);
  }

  private split(fingerprint: bigint): void {
    this.wide[0] = fingerprint;
  }

  private extend(partition: number, offset: number): void {
    this.held.set(partition, { from: this.held.get(partition)?.from ?? offset, to: offset + 1 });
  }
}

const dayMs = 24 * 60 * 60 * 1000;

/** Calendar month in UTC as a number like 202611. Days to civil date, after Howard Hinnant's algorithm. */
export function yearMonthOf(ms: number): number {
  const days = Math.floor(ms / dayMs) + 719_468; // since 0000-03-01
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0)) * 100 + month;
}
