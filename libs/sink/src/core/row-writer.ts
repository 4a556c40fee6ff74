// Writes rows of `events` as RowBinary. The fixed columns come first, so a row's status can be changed in place
// once the exact duplicate look-up has answered.

export const rowStatus = { ok: 1, duplicate: 2, invalid: 3 } as const;
export type RowStatus = (typeof rowStatus)[keyof typeof rowStatus];

/** Columns in the order in which `RowWriter` writes them, as the structure of ClickHouse's `input()`. */
export const rowStructure = [
  "status Enum8('ok' = 1, 'duplicate' = 2, 'invalid' = 3, 'marker' = 4)",
  'has_data UInt8',
  'kafka_partition UInt16',
  'index_in_record UInt32',
  'kafka_offset Int64',
  'fingerprint UInt64',
  "time DateTime64(0, 'UTC')",
  "ingested_at DateTime64(3, 'UTC')",
  'namespace LowCardinality(String)',
  'id String',
  'source LowCardinality(String)',
  'type LowCardinality(String)',
  'subject String',
  'data String',
  'data_sent String',
  'reason String',
] as const;

/** Names of those columns. */
export const rowColumns: readonly string[] = rowStructure.map((column) =>
  column.slice(0, column.indexOf(' ')),
);

export interface EventRow {
  readonly status: RowStatus;
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
  /** Two halves, because a bigint per row would be garbage per row. */
  readonly fingerprintHigh: number;
  readonly fingerprintLow: number;
  readonly timeSeconds: number;
  readonly ingestedAtMs: number;
  readonly namespace: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly data: string | null;
  readonly dataSent: string | null;
  readonly reason: string;
}

/** Who an event is and when it arrived: what decides about duplicates. */
export interface RowIdentity {
  readonly namespace: string;
  readonly source: string;
  readonly id: string;
  readonly ingestedAtMs: number;
}

const fixedBytes = 48; // the eight fixed columns take 40
const varintBytesMax = 5;
const twoTo32 = 4_294_967_296;
// Below this a loop in JavaScript beats the call into the runtime's encoder.
const shortText = 32;

export class RowWriter {
  private buffer: Buffer;
  private view: DataView;
  private at = 0;

  constructor(startBytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(startBytes);
    this.view = viewOf(this.buffer);
  }

  get bytes(): number {
    return this.at;
  }

  /** What was written; valid until the next `write` or `clear`. */
  written(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  clear(): void {
    this.at = 0;
  }

  /** Returns where the row starts, which is where its status lies. */
  write(row: EventRow): number {
    const start = this.at;
    this.reserve(row);
    const { view } = this;
    view.setInt8(start, row.status);
    view.setUint8(start + 1, row.data === null ? 0 : 1);
    view.setUint16(start + 2, row.partition, true);
    view.setUint32(start + 4, row.index, true);
    this.int64(start + 8, row.offset);
    view.setUint32(start + 16, row.fingerprintLow, true);
    view.setUint32(start + 20, row.fingerprintHigh, true);
    this.int64(start + 24, row.timeSeconds);
    this.int64(start + 32, row.ingestedAtMs);
    this.at = start + 40;
    this.text(row.namespace);
    this.text(row.id);
    this.text(row.source);
    this.text(row.type);
    this.text(row.subject);
    this.text(row.data ?? '');
    this.text(row.dataSent ?? '');
    this.text(row.reason);
    return start;
  }

  statusAt(start: number): number {
    return this.view.getInt8(start);
  }

  /**
   * Reads an identity back from a row. Only suspects are asked for, so nothing of the other events is kept as objects, which
   * the garbage collector would have to carry from batch to batch.
   */
  identityAt(start: number): RowIdentity {
    const { view } = this;
    const ingestedAtMs = view.getUint32(start + 32, true) + view.getInt32(start + 36, true) * twoTo32;
    const namespace = this.textAt(start + 40);
    const id = this.textAt(namespace.end);
    const source = this.textAt(id.end);
    return { namespace: namespace.text, source: source.text, id: id.text, ingestedAtMs };
  }

  private textAt(start: number): { text: string; end: number } {
    let at = start;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.view.getUint8(at);
      at += 1;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return { text: this.buffer.toString('utf8', at, at + length), end: at + length };
  }

  setStatus(start: number, status: RowStatus): void {
    this.view.setInt8(start, status);
  }

  private int64(at: number, value: number): void {
    this.view.setUint32(at, value >>> 0, true);
    this.view.setInt32(at + 4, Math.floor(value / twoTo32), true);
  }

  private text(value: string): void {
    const { length } = value;
    if (length < shortText && this.ascii(value, length)) return;
    // The width of the length is taken from the most bytes the text can need, so the text is encoded once and never
    // moved; a varint may carry leading zeros.
    const bytesMax = length * 3;
    const width = bytesMax < 0x80 ? 1 : bytesMax < 0x4000 ? 2 : bytesMax < 0x20_0000 ? 3 : varintBytesMax;
    let left = this.buffer.write(value, this.at + width);
    const end = this.at + width + left;
    for (let i = 0; i < width - 1; i += 1) {
      this.buffer[this.at + i] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.buffer[this.at + width - 1] = left;
    this.at = end;
  }

  private ascii(value: string, length: number): boolean {
    const { buffer, at } = this;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at + 1 + i] = code;
    }
    buffer[at] = length;
    this.at = at + 1 + length;
    return true;
  }

  private reserve(row: EventRow): void {
    const units =
      row.namespace.length +
      row.id.length +
      row.source.length +
      row.type.length +
      row.subject.length +
      (row.data?.length ?? 0) +
      (row.dataSent?.length ?? 0) +
      row.reason.length;
    const needed = this.at + fixedBytes + units * 3 + 8 * varintBytesMax;
    if (needed <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.at);
    this.buffer = grown;
    this.view = viewOf(grown);
  }
}

const viewOf = (buffer: Buffer): DataView =>
  new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
