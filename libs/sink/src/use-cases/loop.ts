import type { UsageEvent } from '@ledgerline/contract';
import { type BatchHashes, SinkBatch, weekMs } from '../core/batch.js';
import { decideStep, faultAtMark, missingLog, type Position, type SinkFault } from '../core/continuity.js';
import { DedupeFilters, type FilterUse } from '../core/filters.js';
import type {
  EventsStore,
  InsertOutcome,
  LogBounds,
  LogChunk,
  LogListener,
  LogRecord,
  UsageLog,
} from '../core/ports.js';
import { acquire } from './acquire.js';
import { commitBatch } from './commit-batch.js';
import type { RestartCause, SinkObserver } from './observer.js';
import type { ReadingsPump } from './readings-pump.js';
import { missingMsMax, pauseAfter, pulseEveryMs, type SinkSettings } from './settings.js';
import { Gate } from './gate.js';

export interface SinkPorts {
  readonly log: UsageLog;
  readonly store: EventsStore;
  readonly readings: ReadingsPump;
  readonly observer: SinkObserver;
  readonly codec: SinkCodec;
}

export interface SinkCodec extends BatchHashes {
  /** Throws an error whose message is the reason when a record cannot be read. */
  readonly decode: (value: Buffer | null) => readonly UsageEvent[];
  readonly isMalformed: (error: unknown) => error is Error;
}

interface Holding {
  readonly claim: string;
  readonly positions: Map<number, Position>;
}

/**
 * Moves usage events from the log to the table, each exactly once.
 *
 * One batch fills from the log while the one before is being stored. Whatever goes wrong – a lost reply, a refusal, an
 * engine that is away, partitions handed out anew – has one answer: drop what is in memory, claim the partitions again,
 * read the marks from the table and go on behind them. Nothing is ever sent twice on a guess.
 */
export class Sink implements LogListener {
  private readonly filters: DedupeFilters;
  private readonly filtered = new Map<number, number>();
  private readonly changed = new Gate();
  private partitions: readonly number[] | undefined;
  private holding: Holding | undefined;
  private fault: SinkFault | undefined;
  private closing = false;
  private failures = 0;
  private failure: string | undefined;
  private missingSinceMs: number | undefined;
  private takingOver: Promise<void> | undefined;
  private pauseMs = 0;
  /** Counts assignments and restarts; work begun under an older turn is dropped. */
  private turn = 0;

  private filling: SinkBatch;
  private spare: SinkBatch | undefined;
  private writing: Promise<void> | undefined;
  private due = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ports: SinkPorts,
    private readonly settings: SinkSettings,
  ) {
    this.filters = new DedupeFilters(
      settings.filterBytesMax,
      Math.ceil(settings.dedupeWindowMs / weekMs) + 1,
    );
    this.filling = new SinkBatch(ports.codec, this.filters);
    this.spare = new SinkBatch(ports.codec, this.filters);
  }

  async run(): Promise<void> {
    await this.ports.log.open(this);
    this.ports.readings.poke();
  }

  /** Lets the insert that is under way finish; what was only read stays in Kafka. */
  async close(): Promise<void> {
    this.closing = true;
    this.dropAll();
    await this.ports.log.close();
    await this.writing;
    await this.ports.readings.close();
  }

  /** Why the sink cannot store events now; undefined when it can. */
  trouble(): string | undefined {
    if (this.fault !== undefined) return `stopped: ${this.fault.detail}. ${this.fault.instruction}`;
    if (this.closing) return 'shutting down';
    if (this.missingSinceMs !== undefined)
      return 'the topic of usage events does not exist; a start makes it';
    if (this.partitions === undefined) return 'no partitions assigned yet';
    if (this.failure !== undefined) return `trying again: ${this.failure}`;
    if (this.holding === undefined) return 'taking over partitions';
    return undefined;
  }

  filterUse(): FilterUse {
    return this.filters.use();
  }

  /**
   * Asks the log for its bounds and compares: an idle partition whose log became shorter would say nothing by itself.
   * The positions are noted first, because a log that only grows may be read further while it answers.
   */
  async inspect(): Promise<ReadonlyMap<number, LogBounds>> {
    const { turn } = this;
    const before = [...(this.holding?.positions ?? [])];
    const bounds = await this.ports.log.bounds();
    if (bounds.size === 0) await this.missLog();
    else this.missingSinceMs = undefined;
    if (turn !== this.turn) return bounds;
    for (const [partition, position] of before) {
      const held = bounds.get(partition);
      if (held === undefined || held.endOffset >= position.expected) continue;
      const step = decideStep(partition, position, held.startOffset, held);
      if (step.kind === 'fault') this.stop(step.fault);
      break;
    }
    return bounds;
  }

  /** A log that is gone is waited for while nothing of it is stored; otherwise somebody has to look. */
  private async missLog(): Promise<void> {
    this.missingSinceMs ??= performance.now();
    if (this.isStopped() || performance.now() - this.missingSinceMs < missingMsMax) return;
    const mark = await this.ports.store.anyMark();
    if (mark !== undefined && !this.isStopped()) this.stop(missingLog(mark.partition, mark.nextOffset));
  }

  /** First offset per held partition that is not stored yet, as far as this process knows. */
  nextOffsets(): ReadonlyMap<number, number> {
    return this.filtered;
  }

  assigned(partitions: readonly number[]): void {
    this.partitions = partitions;
    this.restart('assigned', `${partitions.length} partitions`);
  }

  async take(chunk: LogChunk): Promise<void> {
    const holding = await this.holdingFor(chunk);
    const first = chunk.records[0];
    const position = holding?.positions.get(chunk.partition);
    if (holding === undefined || first === undefined || position === undefined || chunk.isStale()) return;
    if (first.offset !== position.expected) {
      await this.realign(chunk, position, first.offset);
      return;
    }
    const { turn } = this;
    for (const record of chunk.records) {
      const events = this.read(record);
      if (!this.fits(events)) {
        this.flush();
        await this.room(chunk, events, turn);
      }
      if (turn !== this.turn || chunk.isStale()) return;
      if (!this.place(chunk, record, events)) return;
    }
  }

  /** Adds one record; false when the sink stopped instead. */
  private place(chunk: LogChunk, record: LogRecord, events: readonly UsageEvent[] | Error): boolean {
    const { partition } = chunk;
    const positions = this.holding?.positions;
    const position = positions?.get(partition);
    if (positions === undefined || position === undefined) return false;
    if (record.offset !== position.expected) {
      // Within a chunk the log itself has a hole.
      this.realignLater(partition, position);
      return false;
    }
    positions.set(partition, { expected: record.offset + 1, check: undefined, misses: 0 });
    if (position.check !== undefined) {
      const fault = faultAtMark(partition, position.check, this.fingerprintsOf(record, events));
      if (fault !== undefined) this.stop(fault);
      chunk.taken(record.offset);
      return fault === undefined;
    }
    if (events instanceof Error) this.filling.addUnreadable(partition, record, events.message);
    else this.filling.addRecord(partition, record.offset, events);
    this.filling.noteArrival(record);
    chunk.taken(record.offset);
    this.timer ??= setTimeout(() => {
      this.due = true;
      this.flushIfDue();
    }, this.settings.batchWaitMs);
    if (this.isFull()) this.flush();
    return true;
  }

  private read(record: LogRecord): readonly UsageEvent[] | Error {
    try {
      return this.ports.codec.decode(record.value);
    } catch (error) {
      if (this.ports.codec.isMalformed(error)) return error;
      throw error;
    }
  }

  private fingerprintsOf(record: LogRecord, events: readonly UsageEvent[] | Error): bigint[] {
    const { codec } = this.ports;
    if (events instanceof Error) return [codec.fingerprintOfBytes(record.value ?? new Uint8Array())];
    return events.map((event) => codec.fingerprintOf(event.namespace, event.source, event.id));
  }

  // ── filling and flushing ──

  private fits(events: readonly UsageEvent[] | Error): boolean {
    const rows = events instanceof Error ? 1 : events.length;
    if (this.filling.rows === 0) return true; // a record is never cut, whatever its size
    return !this.isFull() && this.filling.rows + rows <= this.settings.batchRowsMax;
  }

  private isFull(): boolean {
    const { rows, bytes } = this.filling;
    return rows >= this.settings.batchRowsMax || bytes >= this.settings.batchBytesMax;
  }

  private flushIfDue(): void {
    if (this.due || this.isFull()) this.flush();
  }

  /** Closes the filling batch and begins to store it, unless one is still being stored. */
  private flush(): void {
    this.due = true; // if not now, then when the batch before is stored
    if (this.writing !== undefined || this.spare === undefined || this.filling.rows === 0) return;
    const batch = this.filling;
    this.filling = this.spare;
    this.spare = undefined;
    this.due = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.write(batch, this.turn).finally(() => {
      batch.clear();
      this.spare = batch;
      this.writing = undefined;
      this.changed.open();
      this.flushIfDue();
    });
    this.changed.open();
  }

  private async write(batch: SinkBatch, turn: number): Promise<void> {
    const { holding } = this;
    if (holding === undefined) return;
    const startedAtMs = performance.now();
    let outcome: InsertOutcome;
    try {
      outcome = await commitBatch(this.ports.store, batch, {
        claim: holding.claim,
        dedupeWindowMs: this.settings.dedupeWindowMs,
      });
    } catch (error) {
      if (turn === this.turn) this.retry('failed', reasonOf(error));
      return;
    }
    if (outcome.kind === 'claim-lost' || outcome.kind === 'mark-moved') {
      this.ports.observer.refused(outcome.kind);
    }
    // After a newer assignment the marks are read again anyway; this outcome no longer matters.
    if (turn !== this.turn) return;
    if (outcome.kind !== 'stored') {
      this.retry(outcome.kind, outcome.reason);
      return;
    }
    this.failures = 0;
    this.failure = undefined;
    const nextOffsets = new Map([...batch.ranges].map(([partition, { to }]) => [partition, to]));
    for (const [partition, to] of nextOffsets) this.filtered.set(partition, to);
    this.ports.observer.stored({
      ...batch.counts(),
      bytes: batch.bytes,
      suspects: batch.suspectCount,
      tookMs: performance.now() - startedAtMs,
      nextOffsets,
      arrivedAtMs: batch.arrivedAtMs,
      traceparents: batch.traceparents,
    });
    this.ports.readings.poke();
    this.ports.log.hintStored(nextOffsets);
  }

  // ── turns ──

  private retry(cause: RestartCause, reason: string): void {
    this.failure = reason;
    this.failures += 1;
    if (cause === 'claim-lost') {
      // Someone else holds our partitions: let the group say who owns them.
      this.dropAll();
      this.ports.observer.restarted(cause, reason);
      this.partitions = undefined;
      this.ports.log.rejoin();
      return;
    }
    this.restart(cause, reason);
  }

  private restart(cause: RestartCause, reason: string): void {
    this.dropAll();
    if (this.isStopped()) return;
    this.ports.observer.restarted(cause, reason);
    this.pauseMs = cause === 'assigned' ? 0 : pauseAfter(this.failures);
    this.takingOver ??= this.takeOver().finally(() => {
      this.takingOver = undefined;
    });
  }

  private dropAll(): void {
    this.turn += 1;
    this.holding = undefined;
    this.due = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.filling.clear();
    this.changed.open();
  }

  /**
   * Claims the assigned partitions and goes on behind their marks. One at a time: two of them would undo each other's
   * filters. Tries until it succeeds for the newest turn.
   */
  private async takeOver(): Promise<void> {
    while (this.holding === undefined && !this.isStopped()) {
      const { turn, partitions } = this;
      if (partitions === undefined) return;
      await this.changed.wait(this.pauseMs, () => turn !== this.turn);
      await this.writing;
      if (turn !== this.turn) continue;
      try {
        const { log, store } = this.ports;
        const { filters, filtered } = this;
        const acquired = await acquire(
          { log, store, filters, filtered },
          partitions,
          this.settings.dedupeWindowMs,
        );
        if (turn !== this.turn) continue;
        if ('code' in acquired) this.stop(acquired);
        else this.begin(acquired.claim, acquired.positions);
      } catch (error) {
        this.failure = reasonOf(error);
        this.pauseMs = pauseAfter(this.failures);
        this.failures += 1;
      }
    }
  }

  private isStopped(): boolean {
    return this.closing || this.fault !== undefined;
  }

  private begin(claim: string, positions: ReadonlyMap<number, Position>): void {
    this.holding = { claim, positions: new Map(positions) };
    this.failure = undefined;
    for (const [partition, { expected }] of positions) this.ports.log.seek(partition, expected);
    this.ports.observer.acquired([...positions.keys()]);
    this.changed.open();
  }

  private stop(fault: SinkFault): void {
    this.fault = fault;
    this.dropAll();
    this.ports.observer.faulted(fault);
    // Not awaited: the log waits for the chunk we are called from.
    void this.ports.log.close();
  }

  // ── waiting and going back ──

  /** What we hold, once it is known; undefined when this chunk is nobody's any more. */
  private async holdingFor(chunk: LogChunk): Promise<Holding | undefined> {
    while (this.holding === undefined) {
      const leave = (): boolean => this.isStopped() || chunk.isStale();
      if (leave()) return undefined;
      await this.changed.wait(pulseEveryMs, () => this.holding !== undefined || leave());
      await chunk.pulse();
    }
    return this.holding;
  }

  private async room(chunk: LogChunk, events: readonly UsageEvent[] | Error, turn: number): Promise<void> {
    while (turn === this.turn && !this.fits(events)) {
      await this.changed.wait(pulseEveryMs, () => turn !== this.turn || this.fits(events));
      await chunk.pulse();
    }
  }

  private async realign(chunk: LogChunk, position: Position, first: number): Promise<void> {
    const { turn } = this;
    const { partition } = chunk;
    const bounds: LogBounds | undefined = (await this.ports.log.bounds()).get(partition);
    if (turn !== this.turn || bounds === undefined) return;
    const step = decideStep(partition, position, first, bounds);
    switch (step.kind) {
      case 'take':
        return;
      case 'seek':
        this.realignLater(partition, position);
        return;
      case 'reacquire':
        this.restart('log-moved', `the log of partition ${partition} now starts at ${bounds.startOffset}`);
        return;
      case 'fault':
        this.stop(step.fault);
    }
  }

  private realignLater(partition: number, position: Position): void {
    this.holding?.positions.set(partition, { ...position, misses: position.misses + 1 });
    this.ports.log.seek(partition, position.expected);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
