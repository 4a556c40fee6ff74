import { invariant } from '@ledgerline/kernel';
import type { Extraction } from './meter.js';
import type { EventRun } from './ports.js';
import type { ReadingRange } from './plan-chunk.js';

/** A chunk's ranges; `cut` names the one partition whose range still has too many events for one chunk. */
export interface ChunkRanges {
  readonly ranges: readonly ReadingRange[];
  readonly batchMonth: number;
  readonly cut: number | undefined;
}

/** One part must stay one block in memory: at 500,000 events of two hundred bytes that is a tenth of a gigabyte. */
export const chunkEventsMax = 500_000;

/**
 * Chooses what the next chunk takes of the ranges that wait. All of it lies in one batch month, because a part does; the
 * oldest month goes first. Ranges without events are taken along whole.
 */
export function decideChunk(
  waiting: readonly ReadingRange[],
  runs: readonly EventRun[],
  fallbackMonth: number,
  eventsMax: number = chunkEventsMax,
): ChunkRanges {
  invariant(waiting.length > 0, 'a chunk needs a range');
  const firstRuns = waiting.map((range) => ({ range, run: firstRunOf(range, runs) }));
  const months = firstRuns.flatMap(({ run }) => (run === undefined ? [] : [run.run.batchMonth]));
  if (months.length === 0) return { ranges: waiting, batchMonth: fallbackMonth, cut: undefined };
  const batchMonth = Math.min(...months);
  const ranges: ReadingRange[] = [];
  let events = 0;
  for (const { range, run } of firstRuns) {
    if (run === undefined) {
      ranges.push(range);
      continue;
    }
    if (run.run.batchMonth !== batchMonth) continue;
    const taken = { ...range, to: run.endsBefore === undefined ? range.to : run.endsBefore - 1 };
    if (events > 0 && events + run.run.events > eventsMax) continue;
    if (events === 0 && run.run.events > eventsMax) {
      return { ranges: [taken], batchMonth, cut: range.partition };
    }
    events += run.run.events;
    ranges.push(taken);
  }
  return { ranges, batchMonth, cut: undefined };
}

/** The run that a range begins with, and where events of another month begin behind it. */
function firstRunOf(
  range: ReadingRange,
  runs: readonly EventRun[],
): { readonly run: EventRun; readonly endsBefore: number | undefined } | undefined {
  const own = runs.filter(({ partition }) => partition === range.partition).sort((a, b) => a.first - b.first);
  const [run, next] = own;
  return run === undefined ? undefined : { run, endsBefore: next?.first };
}

/** The meters that events of the runs can matter to: a chunk's statement names no others. */
export function neededExtractions(
  extractions: readonly Extraction[],
  runs: readonly EventRun[],
): readonly Extraction[] {
  const present = new Set<string>();
  for (const { types } of runs) {
    if (types === undefined) return extractions;
    for (const [namespace, type] of types) present.add(JSON.stringify([namespace, type]));
  }
  return extractions.filter(({ namespace, eventType }) =>
    present.has(JSON.stringify([namespace, eventType])),
  );
}
