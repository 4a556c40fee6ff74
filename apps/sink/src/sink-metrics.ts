import type { LogBounds, Sink, SinkObserver, StoredBatch } from '@ledgerline/sink';
import {
  Counter,
  Gauge,
  Histogram,
  type Logger,
  type Registry,
  type Traces,
} from '@ledgerline/platform/telemetry';

const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const rowCounts = [1, 10, 100, 1_000, 5_000, 10_000, 20_000];

/** The sink's figures. Everything a person needs to see whether usage arrives, and what became of it. */
export class SinkMetrics implements SinkObserver {
  private readonly rows: Counter<'status'>;
  private readonly duplicates: Counter<'reason'>;
  private readonly invalids: Counter<'reason'>;
  private readonly delay: Histogram;
  private readonly restarts: Counter<'cause'>;
  private readonly refusals: Counter<'condition'>;
  private readonly readingsFailures: Counter;
  private readonly suspects: Counter;
  private readonly batchRows: Histogram;
  private readonly insertSeconds: Histogram;
  private readonly marks: Gauge<'partition'>;
  private readonly lag: Gauge<'partition'>;
  private readonly stopped: Gauge;

  constructor(
    registry: Registry,
    private readonly logger: Logger,
    private readonly traces?: Traces,
  ) {
    const registers = [registry];
    this.rows = new Counter({
      name: 'ledgerline_sink_rows_total',
      help: 'Usage events stored, by status: ok, duplicate or invalid.',
      labelNames: ['status'],
      registers,
    });
    this.duplicates = new Counter({
      name: 'ledgerline_sink_duplicates_total',
      help: 'Events that were resent: stored means counted in an earlier batch, same-batch in the one under way.',
      labelNames: ['reason'],
      registers,
    });
    this.invalids = new Counter({
      name: 'ledgerline_sink_invalid_total',
      help: 'Rows that cannot be counted: unreadable records, time or arrival outside of what can be kept.',
      labelNames: ['reason'],
      registers,
    });
    this.delay = new Histogram({
      name: 'ledgerline_sink_delay_seconds',
      help: 'From the log taking a record to its events being stored.',
      buckets: [...seconds, 60, 300, 3_600],
      registers,
    });
    this.restarts = new Counter({
      name: 'ledgerline_sink_restarts_total',
      help: 'Times the sink claimed its partitions again and went on behind the marks, by cause.',
      labelNames: ['cause'],
      registers,
    });
    this.refusals = new Counter({
      name: 'ledgerline_sink_inserts_refused_total',
      help: 'Inserts that the store kept out because another sink holds the claim or the mark has moved.',
      labelNames: ['condition'],
      registers,
    });
    this.readingsFailures = new Counter({
      name: 'ledgerline_sink_readings_failures_total',
      help: 'Runs of the readings builder that failed and were repeated.',
      registers,
    });
    this.suspects = new Counter({
      name: 'ledgerline_sink_suspects_total',
      help: 'Events that needed the exact duplicate look-up.',
      registers,
    });
    this.batchRows = new Histogram({
      name: 'ledgerline_sink_batch_rows',
      help: 'Rows of one insert.',
      buckets: rowCounts,
      registers,
    });
    this.insertSeconds = new Histogram({
      name: 'ledgerline_sink_insert_seconds',
      help: 'From closing a batch to the answer of the store.',
      buckets: seconds,
      registers,
    });
    this.marks = new Gauge({
      name: 'ledgerline_sink_next_offset',
      help: 'First offset that is not stored.',
      labelNames: ['partition'],
      registers,
    });
    this.lag = new Gauge({
      name: 'ledgerline_sink_lag_records',
      help: 'Records in Kafka that are not stored.',
      labelNames: ['partition'],
      registers,
    });
    this.stopped = new Gauge({
      name: 'ledgerline_sink_stopped',
      help: '1 when the sink stopped and needs a person; readiness says why.',
      registers,
    });
  }

  /** Figures that are read when asked for. */
  watch(registry: Registry, sink: Sink): void {
    new Gauge({
      name: 'ledgerline_sink_filter_bytes',
      help: 'Memory of the duplicate filters.',
      registers: [registry],
      collect() {
        this.set(sink.filterUse().bytes);
      },
    });
    new Gauge({
      name: 'ledgerline_sink_filter_keys_over_budget',
      help: 'Events beyond what the filters are sized for; above 0 sink.bloomBytesMax is too small for the window.',
      registers: [registry],
      collect() {
        this.set(sink.filterUse().keysOverBudget);
      },
    });
  }

  stored(batch: StoredBatch): void {
    this.rows.inc({ status: 'ok' }, batch.ok);
    this.rows.inc({ status: 'duplicate' }, batch.duplicate);
    this.rows.inc({ status: 'invalid' }, batch.invalid);
    for (const [reason, count] of Object.entries(batch.duplicateBy)) this.duplicates.inc({ reason }, count);
    for (const [reason, count] of Object.entries(batch.invalidBy)) this.invalids.inc({ reason }, count);
    const nowMs = Date.now();
    for (const atMs of batch.arrivedAtMs) this.delay.observe(Math.max(0, nowMs - atMs) / 1000);
    if (batch.traceparents.length > 0) {
      this.traces?.recordBatch({
        name: 'storeBatch',
        links: batch.traceparents,
        tookMs: batch.tookMs,
        attributes: { 'ledgerline.rows': batch.ok + batch.duplicate + batch.invalid },
      });
    }
    this.suspects.inc(batch.suspects);
    this.batchRows.observe(batch.ok + batch.duplicate + batch.invalid);
    this.insertSeconds.observe(batch.tookMs / 1000);
    for (const [partition, offset] of batch.nextOffsets) this.marks.set({ partition }, offset);
  }

  restarted(cause: string, reason: string): void {
    this.restarts.inc({ cause });
    this.logger[cause === 'assigned' ? 'info' : 'warn']({ cause, reason }, 'going on behind the marks');
  }

  refused(condition: 'claim-lost' | 'mark-moved'): void {
    this.refusals.inc({ condition });
    this.logger.warn({ condition }, 'the store refused an insert');
  }

  acquired(partitions: readonly number[]): void {
    this.marks.reset();
    this.lag.reset();
    this.logger.info({ partitions }, 'partitions taken over');
  }

  faulted(fault: { code: string; detail: string; instruction: string }): void {
    this.stopped.set(1);
    this.logger.fatal({ fault }, `stopped: ${fault.detail}. ${fault.instruction}`);
  }

  readingsFailed(reason: string): void {
    this.readingsFailures.inc();
    this.logger.error({ reason }, 'readings could not be built; trying again');
  }

  lags(bounds: ReadonlyMap<number, LogBounds>, nextOffsets: ReadonlyMap<number, number>): number {
    let total = 0;
    for (const [partition, next] of nextOffsets) {
      const behind = Math.max(0, (bounds.get(partition)?.endOffset ?? next) - next);
      this.lag.set({ partition }, behind);
      total += behind;
    }
    return total;
  }
}
