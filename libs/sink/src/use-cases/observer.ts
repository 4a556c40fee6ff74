import type { BatchCounts } from '../core/batch.js';
import type { SinkFault } from '../core/continuity.js';

/** Told what the sink does; telemetry listens. Must not throw. */
export interface SinkObserver {
  stored(batch: StoredBatch): void;
  /** Nothing is lost: the records are read again from the mark. `reason` says why. */
  restarted(cause: RestartCause, reason: string): void;
  /** The store kept out an insert of a sink that is behind: nothing was written. */
  refused(condition: 'claim-lost' | 'mark-moved'): void;
  acquired(partitions: readonly number[]): void;
  faulted(fault: SinkFault): void;
  readingsFailed(reason: string): void;
}

export type RestartCause = 'assigned' | 'claim-lost' | 'mark-moved' | 'unknown' | 'failed' | 'log-moved';

export interface StoredBatch extends BatchCounts {
  readonly bytes: number;
  readonly suspects: number;
  /** From closing the batch to the store's answer. */
  readonly tookMs: number;
  readonly nextOffsets: ReadonlyMap<number, number>;
  /** When the log took each record of the batch. Valid only while it is told. */
  readonly arrivedAtMs: readonly number[];
  /** Traces of requests whose events are in the batch. Valid only while it is told. */
  readonly traceparents: readonly string[];
}
