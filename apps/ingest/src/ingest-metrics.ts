import { Counter, Gauge, Histogram, type Registry } from '@ledgerline/platform/telemetry';
import type { LaneAttempt, LaneSet } from '@ledgerline/platform/kafka';

/** Figures of the ingest path. */
export class IngestMetrics {
  private readonly accepted: Counter;
  private readonly refused: Counter;
  private readonly produce: Histogram;
  private readonly failures: Counter;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    this.accepted = new Counter({
      name: 'ledgerline_ingest_events_accepted_total',
      help: 'Usage events acknowledged by Kafka and answered 204.',
      registers,
    });
    this.refused = new Counter({
      name: 'ledgerline_ingest_requests_refused_total',
      help: 'Requests refused, by kind of refusal.',
      labelNames: ['reason'],
      registers,
    });
    this.produce = new Histogram({
      name: 'ledgerline_ingest_produce_seconds',
      help: 'Time of one acknowledged record, acks=all.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.failures = new Counter({
      name: 'ledgerline_ingest_produce_failures_total',
      help: 'Attempts to write a record that ended without an acknowledgement.',
      registers,
    });
  }

  countAccepted(events: number): void {
    this.accepted.inc(events);
  }

  countRefused(reason: string): void {
    this.refused.inc({ reason });
  }

  observe({ durationMs, error }: LaneAttempt): void {
    if (error === undefined) this.produce.observe(durationMs / 1000);
    else this.failures.inc();
  }

  /** Shows what lanes and bodies hold, read when somebody asks. */
  watch(lanes: Pick<LaneSet, 'bytesHeld' | 'recordsUnderWay'>, bodies: { readonly bytesHeld: number }): void {
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [this.registry],
        collect() {
          this.set(read());
        },
      });
    };
    gauge('ledgerline_ingest_lane_bytes', 'Bytes waiting for Kafka.', () => lanes.bytesHeld);
    gauge(
      'ledgerline_ingest_records_under_way',
      'Records sent and not acknowledged.',
      () => lanes.recordsUnderWay,
    );
    gauge('ledgerline_ingest_body_bytes', 'Bytes of request bodies being received.', () => bodies.bytesHeld);
  }
}
