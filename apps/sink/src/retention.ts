import type { RetentionOutcome } from '@ledgerline/metering';
import { Counter, Gauge, type Logger, reasonOf, type Registry } from '@ledgerline/platform/telemetry';

export interface RetentionOptions {
  readonly retain: (nowMs: number) => Promise<RetentionOutcome | undefined>;
  /** False when everything is kept for ever. */
  readonly isOn: boolean;
  readonly everyMs: number;
  readonly registry: Registry;
  readonly logger: Logger;
}

// When somebody else builds readings or a run failed: long enough to be no load, short enough to be done within the hour.
const againMs = 60_000;

/** Looks from time to time whether a month is over and lets it leave. A failure costs disk space only: it is told and tried again. */
export class Retention {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  private readonly rows: Counter<'table'>;
  private readonly held: Gauge<'table'>;
  private readonly runs: Counter<'outcome'>;

  constructor(private readonly options: RetentionOptions) {
    const registers = [options.registry];
    this.rows = new Counter({
      name: 'ledgerline_retention_rows_total',
      help: 'Rows that left because they were older than the retention.',
      labelNames: ['table'],
      registers,
    });
    this.held = new Gauge({
      name: 'ledgerline_retention_held_rows',
      help: 'Rows of months that are over which stay: dated later, or still needed.',
      labelNames: ['table'],
      registers,
    });
    this.runs = new Counter({
      name: 'ledgerline_retention_runs_total',
      help: 'Runs of the retention by outcome: done, postponed (a back-fill needs the events), busy or failed.',
      labelNames: ['outcome'],
      registers,
    });
    for (const table of ['events', 'readings']) this.rows.inc({ table }, 0);
    for (const outcome of ['done', 'postponed', 'busy', 'failed']) this.runs.inc({ outcome }, 0);
  }

  start(): void {
    if (this.options.isOn) this.plan(Math.min(this.options.everyMs, againMs));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private plan(waitMs: number): void {
    this.timer = setTimeout(() => {
      this.running = this.run().then((nextMs) => {
        if (!this.stopped) this.plan(nextMs);
      });
    }, waitMs);
  }

  private async run(): Promise<number> {
    const { retain, everyMs, logger } = this.options;
    const soon = Math.min(everyMs, againMs);
    try {
      const outcome = await retain(Date.now());
      if (outcome === undefined) {
        this.runs.inc({ outcome: 'busy' });
        return soon;
      }
      this.note('events', outcome.events);
      this.note('readings', outcome.readings);
      this.runs.inc({ outcome: outcome.postponed === undefined ? 'done' : 'postponed' });
      if (outcome.postponed === undefined) return everyMs;
      logger.info({ reason: outcome.postponed }, 'old events stay for now');
      return soon;
    } catch (error) {
      this.runs.inc({ outcome: 'failed' });
      logger.error({ err: error }, `old months could not leave: ${reasonOf(error)}; trying again`);
      return soon;
    }
  }

  private note(table: 'events' | 'readings', months: RetentionOutcome['events']): void {
    this.held.set(
      { table },
      months.reduce((sum, { held }) => sum + held, 0),
    );
    for (const { month, rows } of months) {
      if (rows === 0) continue;
      this.rows.inc({ table }, rows);
      this.options.logger.info({ table, month, rows }, 'a month has left');
    }
  }
}
