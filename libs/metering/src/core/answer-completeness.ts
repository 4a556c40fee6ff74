import type { DeliveredCounts, StageMarks, StoredTally } from './event-ports.js';

/** Whether something waits before a stage, and an age that the oldest of it does not exceed. */
export interface StageDelay {
  readonly waiting: boolean;
  /** Undefined when it may be anything over a day. */
  readonly atMostSeconds: number | undefined;
}

export interface PartitionCompleteness {
  readonly partition: number;
  readonly counts: DeliveredCounts;
  readonly unreadable: number;
  readonly logEnd: number;
  readonly marks: Omit<StageMarks, 'partition'>;
  readonly storing: StageDelay;
  readonly building: StageDelay;
}

export interface Completeness {
  readonly complete: boolean;
  readonly readingsComplete: boolean;
  readonly total: DeliveredCounts;
  readonly partitions: readonly PartitionCompleteness[];
}

export const nothingWaits: StageDelay = { waiting: false, atMostSeconds: 0 };

const nothingDelivered: DeliveredCounts = { ok: 0, duplicate: 0, invalid: 0 };

/** Marks of every partition that the log or the table knows. */
export function marksOf(
  ends: ReadonlyMap<number, number>,
  { marks }: StoredTally,
): readonly (StageMarks & { readonly logEnd: number })[] {
  const known = new Map(marks.map((mark) => [mark.partition, mark]));
  const partitions = [...new Set([...ends.keys(), ...known.keys()])].sort((a, b) => a - b);
  return partitions.map((partition) => {
    const { stored, readings } = known.get(partition) ?? { stored: 0, readings: 0 };
    return { partition, stored, readings, logEnd: ends.get(partition) ?? stored };
  });
}

/**
 * The log's ends must have been asked for before the table: then what is stored may already hold more, never less than what
 * the answer says.
 */
export function answerCompleteness(
  ends: ReadonlyMap<number, number>,
  tally: StoredTally,
  delays: {
    readonly storingMs: ReadonlyMap<number, number | undefined>;
    readonly buildingMs: ReadonlyMap<number, number>;
  },
): Completeness {
  const partitions = marksOf(ends, tally).map(({ partition, logEnd, stored, readings }) => ({
    partition,
    counts: tally.counts.get(partition) ?? nothingDelivered,
    unreadable: tally.unreadable.get(partition) ?? 0,
    logEnd,
    marks: { stored, readings },
    storing: delayOf(stored < logEnd, delays.storingMs.get(partition)),
    building: delayOf(readings < stored, delays.buildingMs.get(partition) ?? 0),
  }));
  const sum = (kind: keyof DeliveredCounts): number =>
    partitions.reduce((total, { counts }) => total + counts[kind], 0);
  return {
    complete: partitions.every(({ storing }) => !storing.waiting),
    readingsComplete: partitions.every(({ building }) => !building.waiting),
    total: { ok: sum('ok'), duplicate: sum('duplicate'), invalid: sum('invalid') },
    partitions,
  };
}

export const delayOf = (waiting: boolean, atMostMs: number | undefined): StageDelay =>
  waiting ? { waiting, atMostSeconds: atMostMs === undefined ? undefined : atMostMs / 1000 } : nothingWaits;
