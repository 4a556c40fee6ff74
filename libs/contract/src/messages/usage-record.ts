/**
 * The value of one Kafka record on `usage-events`: many usage events in one record, because a record costs the client, the
 * broker and the consumer several times what an event costs.
 *
 *   [1, [namespace, ingestedAtMs, id, source, type, subject, timeSeconds, data|null, dataSent|null], …]
 *
 * Record keys and headers are not used: the partition is chosen by the writer.
 */
export const USAGE_RECORD_VERSION = 1;

/** One usage event as it travels. */
export interface UsageEvent {
  readonly namespace: string;
  /** Domain time of arrival, epoch milliseconds. */
  readonly ingestedAtMs: number;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  /** Epoch seconds; the CloudEvent's `time` with its fraction dropped. */
  readonly timeSeconds: number;
  /** Canonical JSON text of an object, or null when the event carries no data. */
  readonly data: string | null;
  /** The JSON text of `data` as sent, where it says something that the canonical text does not; else null. */
  readonly dataSent: string | null;
}

/** The tuple of one usage event, in the order of the record. */
export type UsageTuple = readonly [
  namespace: string,
  ingestedAtMs: number,
  id: string,
  source: string,
  type: string,
  subject: string,
  timeSeconds: number,
  data: string | null,
  dataSent: string | null,
];

/** A record that cannot be read. `message` is the reason; the sink stores it beside the offset. */
export class MalformedUsageRecord extends Error {
  override readonly name = 'MalformedUsageRecord';
}

/** The tuples of some events as one text without the surrounding brackets; joined and closed by `closeUsageRecord`. */
export function encodeUsageTuples(tuples: readonly UsageTuple[]): string {
  return JSON.stringify(tuples).slice(1, -1);
}

/** Joins encoded tuples (from one or many requests) into one record value. */
export function closeUsageRecord(encoded: readonly string[]): Buffer {
  return Buffer.from(`[${USAGE_RECORD_VERSION},${encoded.join(',')}]`);
}

const tupleOf = (event: UsageEvent): UsageTuple => [
  event.namespace,
  event.ingestedAtMs,
  event.id,
  event.source,
  event.type,
  event.subject,
  event.timeSeconds,
  event.data,
  event.dataSent,
];

export function encodeUsageRecord(events: readonly UsageEvent[]): Buffer {
  // An empty record would take an offset and say nothing, so writers must not make one.
  if (events.length === 0) throw new RangeError('a usage record holds at least one event');
  return closeUsageRecord([encodeUsageTuples(events.map(tupleOf))]);
}

const TUPLE_LENGTH = 9;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads a record value. Throws `MalformedUsageRecord` with the reason, and nothing else, on anything it cannot read. */
export function decodeUsageRecord(value: Uint8Array | null): UsageEvent[] {
  if (value === null || value.length === 0) throw new MalformedUsageRecord('the record is empty');
  const parsed = parse(value);
  if (!Array.isArray(parsed)) throw new MalformedUsageRecord('the record is not an array');
  const [version, ...tuples] = parsed as unknown[];
  if (version !== USAGE_RECORD_VERSION) {
    throw new MalformedUsageRecord(
      `unknown record version ${shown(version)}; this reader knows ${USAGE_RECORD_VERSION}`,
    );
  }
  if (tuples.length === 0) throw new MalformedUsageRecord('the record holds no event');
  return tuples.map(readTuple);
}

function parse(value: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(value);
  } catch (error) {
    throw new MalformedUsageRecord('the record is not valid UTF-8', { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MalformedUsageRecord('the record is not valid JSON', { cause: error });
  }
}

// Reasons end up in a column, so what they quote is cut.
const shown = (value: unknown): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);

function readTuple(tuple: unknown, index: number): UsageEvent {
  if (!Array.isArray(tuple) || tuple.length !== TUPLE_LENGTH) {
    throw new MalformedUsageRecord(`event ${index} is not an array of ${TUPLE_LENGTH}`);
  }
  const [namespace, ingestedAtMs, id, source, type, subject, timeSeconds, data, dataSent] =
    tuple as unknown[];
  return {
    namespace: readName(namespace, index, 'namespace'),
    ingestedAtMs: readInteger(ingestedAtMs, index, 'ingestedAtMs'),
    id: readName(id, index, 'id'),
    source: readName(source, index, 'source'),
    type: readName(type, index, 'type'),
    subject: readName(subject, index, 'subject'),
    timeSeconds: readInteger(timeSeconds, index, 'timeSeconds'),
    data: readText(data, index, 'data'),
    dataSent: readText(dataSent, index, 'dataSent'),
  };
}

function readName(value: unknown, index: number, field: string): string {
  if (typeof value === 'string' && value.length > 0) return value;
  throw new MalformedUsageRecord(`event ${index}: ${field} is not a non-empty string`);
}

function readInteger(value: unknown, index: number, field: string): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new MalformedUsageRecord(`event ${index}: ${field} is not an integer`);
}

function readText(value: unknown, index: number, field: string): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new MalformedUsageRecord(`event ${index}: ${field} is neither text nor null`);
}
