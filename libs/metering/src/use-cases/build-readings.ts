import type { Clock } from '@ledgerline/kernel';
import { chunkEventsMax, decideChunk, neededExtractions } from '../core/decide-chunk.js';
import type { ReadingRange, ReadingStream } from '../core/plan-chunk.js';
import type {
  BuilderLock,
  EventFilter,
  IncludedVersion,
  MeterSet,
  MeterVersionStore,
  ReadingsMark,
  ReadingsStore,
} from '../core/ports.js';
import type { Extraction } from '../core/meter.js';
import type { ReadingsBuilder } from '@ledgerline/sink/core';

export interface ReadingsBuilderPorts {
  readonly readings: ReadingsStore;
  readonly versions: MeterVersionStore;
  readonly lock: BuilderLock;
  readonly clock: Clock;
}

export interface ReadingsBuilderOptions {
  /** Kafka partitions of the topic, so that one without any event yet is covered too. */
  readonly partitions: number;
  /** How long to wait for the inserts of a builder that died; longer than the store lets one run. */
  readonly takeoverWaitMs: number;
  readonly pause: (ms: number) => Promise<void>;
}

// One event may become a reading of each meter of its type: the rows of one part stay below four millions.
const chunkReadingsMax = 4_000_000;
const takeoverPollMs = 50;
// Refused that often in a row, something else moves the mark: better told than tried for ever.
const refusalsMax = 10;

/**
 * Turns stored events into readings. Two kinds of streams: the main one carries every live meter forward, one back-fill per
 * new version covers what lies before the main stream took it over. Each chunk is one insert that carries its own mark and
 * is refused when the mark is not where the chunk was planned from, so running it twice, or twice at once, changes nothing.
 */
export class BuildReadings implements ReadingsBuilder {
  private known: { readonly set: MeterSet; readonly marks: Map<number, ReadingsMark> } | undefined;
  private refusals = 0;
  private closing = false;

  constructor(
    private readonly ports: ReadingsBuilderPorts,
    private readonly options: ReadingsBuilderOptions,
  ) {}

  /** Builds until nothing is left to build; returns at once when another process does. */
  async advance(): Promise<void> {
    await this.ports.lock.tryRun(async (takenOver) => {
      if (takenOver) await this.takeOver();
      try {
        let more = true;
        while (more && !this.stopped()) more = await this.step();
      } catch (error) {
        // Whether the insert happened is read from the table, not guessed.
        this.known = undefined;
        throw error;
      }
    });
  }

  /** Ends `advance` after the chunk it is at. */
  close(): void {
    this.closing = true;
  }

  private stopped(): boolean {
    return this.closing;
  }

  private async takeOver(): Promise<void> {
    this.known = undefined;
    let waitedMs = 0;
    while (await this.ports.readings.appending()) {
      if (waitedMs >= this.options.takeoverWaitMs)
        throw new Error('an older insert into readings does not end');
      await this.options.pause(takeoverPollMs);
      waitedMs += takeoverPollMs;
    }
  }

  /** One chunk forward and one back; false when there was nothing to do. */
  private async step(): Promise<boolean> {
    const { set, marks } = await this.learn();
    const forward = await this.stepForward(set, marks);
    if (forward === 'refused') return this.refused();
    const back = await this.stepBack(set, marks);
    if (back === 'refused') return this.refused();
    this.refusals = 0;
    return forward === 'built' || back === 'built';
  }

  private refused(): true {
    this.known = undefined;
    this.refusals += 1;
    if (this.refusals > refusalsMax) throw new Error('the readings mark is moved by somebody else');
    return true;
  }

  private async learn(): Promise<{ set: MeterSet; marks: Map<number, ReadingsMark> }> {
    const generation = await this.ports.versions.generation();
    if (this.known?.set.generation === generation) return this.known;
    const set = await this.ports.versions.meterSet();
    const marks = this.known?.marks ?? (await this.readMarks());
    this.known = { set, marks };
    return this.known;
  }

  private async readMarks(): Promise<Map<number, ReadingsMark>> {
    const marks = await this.ports.readings.marks('main');
    return new Map(marks.map((mark) => [mark.partition, mark]));
  }

  private async stepForward(
    set: MeterSet,
    marks: Map<number, ReadingsMark>,
  ): Promise<'built' | 'idle' | 'refused'> {
    const stored = new Map(
      (await this.ports.readings.eventMarks()).map(({ partition, offset }) => [partition, offset]),
    );
    const partitions = this.partitionsOf(stored.keys(), marks.keys());
    const waiting = partitions.flatMap((partition): ReadingRange[] => {
      const mark = markOf(marks, partition);
      const to = Math.max(stored.get(partition) ?? -1, mark.offset);
      // An empty range still tells that the partition is built with this set of meters from here on.
      return to > mark.offset || mark.generation < set.generation || !marks.has(partition)
        ? [{ partition, from: mark.offset + 1, to: Math.min(to, mark.offset + chunkEventsMax) }]
        : [];
    });
    if (waiting.length === 0) return 'idle';
    await this.raiseLiveFrom(set, marks, partitions);
    const stream = { kind: 'main', generation: set.generation } as const;
    const built = await this.append(
      stream,
      waiting,
      set.versions.map(({ extraction }) => extraction),
    );
    if (built === 'refused') return 'refused';
    for (const { partition, to } of built.ranges) {
      marks.set(partition, { partition, offset: to, generation: set.generation });
    }
    return 'built';
  }

  /** No chunk up to its mark includes a version that came after the mark's generation: committed before one does. */
  private async raiseLiveFrom(
    set: MeterSet,
    marks: ReadonlyMap<number, ReadingsMark>,
    partitions: readonly number[],
  ): Promise<void> {
    for (const version of set.versions) {
      const from = partitions
        .map((partition) => markOf(marks, partition))
        .filter(({ generation }) => generation < version.sinceGeneration)
        .map(({ partition, offset }) => ({ partition, offset: offset + 1 }));
      await this.ports.versions.raiseLiveFrom([version], from);
    }
  }

  private async stepBack(
    set: MeterSet,
    marks: ReadonlyMap<number, ReadingsMark>,
  ): Promise<'built' | 'idle' | 'refused'> {
    const version = set.versions.find((one) => !one.complete && this.isLiveEverywhere(one, marks));
    if (version === undefined) return 'idle';
    const { meterId, version: number } = version.extraction;
    const stream = { kind: 'backfill', meterId, version: number } as const;
    const live = await this.ports.versions.liveFrom(meterId, number);
    const filled = new Map(
      (await this.ports.readings.marks(version.extraction)).map((mark) => [mark.partition, mark]),
    );
    const waiting = live.flatMap(({ partition, offset }): ReadingRange[] => {
      const mark = markOf(filled, partition);
      return mark.offset < offset - 1 ? [{ partition, from: mark.offset + 1, to: offset - 1 }] : [];
    });
    const built =
      waiting.length === 0
        ? { ranges: [], last: true }
        : await this.append(stream, waiting, [version.extraction], version.extraction);
    if (built === 'refused') return 'refused';
    if (built.last) {
      await this.ports.versions.complete(meterId, number);
      this.known = undefined; // the set has changed: this version is complete, older ones are gone
    }
    return 'built';
  }

  private isLiveEverywhere(version: IncludedVersion, marks: ReadonlyMap<number, ReadingsMark>): boolean {
    return this.partitionsOf(marks.keys()).every(
      (partition) => markOf(marks, partition).generation >= version.sinceGeneration,
    );
  }

  private async append(
    stream: ReadingStream,
    waiting: readonly ReadingRange[],
    extractions: readonly Extraction[],
    filter?: EventFilter,
  ): Promise<{ readonly ranges: readonly ReadingRange[]; readonly last: boolean } | 'refused'> {
    const { readings, clock } = this.ports;
    const runs = await readings.eventRuns(waiting, filter);
    // Nothing to fill in, and what has no marker is asked for again at no cost.
    if (stream.kind === 'backfill' && runs.length === 0) return { ranges: waiting, last: true };
    const needed = neededExtractions(extractions, runs);
    const eventsMax = Math.max(
      1,
      Math.min(chunkEventsMax, Math.floor(chunkReadingsMax / mostMetersOfOneType(needed))),
    );
    const now = clock.now().toZonedDateTimeISO('UTC');
    const chosen = decideChunk(waiting, runs, now.year * 100 + now.month, eventsMax);
    const ranges = await Promise.all(
      chosen.ranges.map(async (range) =>
        range.partition === chosen.cut
          ? { ...range, to: await readings.cutRange(range, filter, eventsMax) }
          : range,
      ),
    );
    const outcome = await readings.append({
      stream,
      ranges,
      batchMonth: chosen.batchMonth,
      extractions: needed,
    });
    if (outcome === 'refused') return 'refused';
    const taken = new Map(ranges.map(({ partition, to }) => [partition, to]));
    return { ranges, last: waiting.every(({ partition, to }) => taken.get(partition) === to) };
  }

  private partitionsOf(...seen: Iterable<number>[]): readonly number[] {
    const all = new Set(Array.from({ length: this.options.partitions }, (_, partition) => partition));
    for (const partitions of seen) for (const partition of partitions) all.add(partition);
    return [...all].sort((a, b) => a - b);
  }
}

const markOf = (marks: ReadonlyMap<number, ReadingsMark>, partition: number): ReadingsMark =>
  marks.get(partition) ?? { partition, offset: -1, generation: -1n };

function mostMetersOfOneType(extractions: readonly Extraction[]): number {
  const counts = new Map<string, number>();
  for (const { namespace, eventType } of extractions) {
    const identity = JSON.stringify([namespace, eventType]);
    counts.set(identity, (counts.get(identity) ?? 0) + 1);
  }
  return Math.max(1, ...counts.values());
}
