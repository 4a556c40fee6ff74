/** Limits of the sink; their reasons stand in the configuration's `sink` section. */
export interface SinkSettings {
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly batchWaitMs: number;
  readonly dedupeWindowMs: number;
  readonly filterBytesMax: number;
}

/** Pauses between tries against an engine that is away: short enough to resume within seconds, long enough not to storm it. */
export const firstPauseMs = 100;
export const pauseMaxMs = 3_000;
/** Well below the group's session timeout, so a long wait never costs the partitions. */
export const pulseEveryMs = 2_000;

/** A broker that restarts may not know its topics for a moment; one that says so for longer has lost this one. */
export const missingMsMax = 10_000;

export const pauseAfter = (failures: number): number =>
  Math.min(pauseMaxMs, firstPauseMs * 2 ** Math.min(failures, 10));
