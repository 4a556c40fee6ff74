import type { LogBounds, Mark } from './ports.js';

/** Something only a person can put right. The sink stops and says so until it is restarted. */
export interface SinkFault {
  readonly code: 'gap' | 'log-replaced' | 'log-missing';
  readonly detail: string;
  readonly instruction: string;
}

/** Where a partition goes on. */
export interface Position {
  /** Offset that the next record must have. */
  readonly expected: number;
  /** Set until the record at the mark was seen to be the stored one. */
  readonly check: Mark | undefined;
  /** Seeks to `expected` that were answered with later records. */
  readonly misses: number;
}

export type Step =
  | { readonly kind: 'take' }
  | { readonly kind: 'seek'; readonly offset: number }
  /** What was known about this partition no longer holds: ask the table and the log again. */
  | { readonly kind: 'reacquire' }
  | { readonly kind: 'fault'; readonly fault: SinkFault };

const gap = (partition: number, expected: number, found: number): SinkFault => ({
  code: 'gap',
  detail: `partition ${partition}: offset ${expected} is the next to store, but the log goes on at ${found}`,
  instruction:
    `Events ${expected} to ${found - 1} left Kafka before they were stored. Bring them back (restore the topic, or restore ` +
    'ClickHouse to match it) and restart the sink; nothing is stored until then',
});

const replaced = (partition: number, what: string): SinkFault => ({
  code: 'log-replaced',
  detail: `partition ${partition}: ${what}`,
  instruction:
    'The topic was re-created, truncated or belongs to another instance. Point the sink at the topic these events came ' +
    'from, or start with a new topic name and an empty events table, then restart the sink',
});

/** For a log that the broker no longer knows although events of it are stored. */
export const missingLog = (partition: number, nextOffset: number): SinkFault => ({
  code: 'log-missing',
  detail: `the topic of usage events does not exist, but offset ${nextOffset - 1} of its partition ${partition} is stored`,
  instruction:
    'The topic was deleted, or kafka.brokers or kafka.topicPrefix point somewhere else. Correct them or restore the topic; ' +
    'or, if its events are given up, use a new topic name and an empty events table. Then restart the sink',
});

/** Where to start reading after an assignment; one record early, so that the record at the mark can be checked. */
export function decideStart(partition: number, mark: Mark, bounds: LogBounds): Position | SinkFault {
  const { nextOffset } = mark;
  if (bounds.endOffset < nextOffset) {
    return replaced(partition, `offset ${nextOffset - 1} is stored, but the log ends at ${bounds.endOffset}`);
  }
  if (bounds.startOffset > nextOffset) return gap(partition, nextOffset, bounds.startOffset);
  // Kafka's retention may have removed the record at the mark; then there is nothing to compare.
  const comparable = mark.fingerprint !== undefined && bounds.startOffset < nextOffset;
  return comparable
    ? { expected: nextOffset - 1, check: mark, misses: 0 }
    : { expected: nextOffset, check: undefined, misses: 0 };
}

export const isFault = (decision: Position | SinkFault): decision is SinkFault => 'code' in decision;

// One miss is a fetch that was under way; more than a few mean that the offset is not there.
const missesMax = 5;

/**
 * What to do with records that start at `first`. A client that lost its place may go back to a default by itself, or
 * deliver a fetch from before a seek, so a wrong start is sought again; it is a gap only when the log really starts later.
 */
export function decideStep(partition: number, position: Position, first: number, bounds: LogBounds): Step {
  const { expected } = position;
  if (first === expected) return { kind: 'take' };
  if (bounds.endOffset < expected) {
    return {
      kind: 'fault',
      fault: replaced(partition, `the log ends at ${bounds.endOffset}, before offset ${expected}`),
    };
  }
  if (first < expected) return { kind: 'seek', offset: expected };
  // Retention may take the record at the mark away while we wait for it.
  if (position.check !== undefined && bounds.startOffset > expected) return { kind: 'reacquire' };
  if (bounds.startOffset > expected || position.misses >= missesMax) {
    return { kind: 'fault', fault: gap(partition, expected, Math.max(first, bounds.startOffset)) };
  }
  return { kind: 'seek', offset: expected };
}

/** Compares the record at the mark with what is stored for it. */
export function faultAtMark(
  partition: number,
  mark: Mark,
  fingerprints: readonly bigint[],
): SinkFault | undefined {
  if (mark.fingerprint === undefined || fingerprints.includes(mark.fingerprint)) return undefined;
  return replaced(partition, `the record at offset ${mark.nextOffset - 1} is not the one that was stored`);
}
