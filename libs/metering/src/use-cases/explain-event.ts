import { usagePartition } from '@ledgerline/contract/messages';
import { type Clock, type Instant, toRfc3339, type UnitOfWork } from '@ledgerline/kernel';
import { delayOf, type StageDelay } from '../core/answer-completeness.js';
import { explainSight, type MeterCount, sentenceOf } from '../core/explain-sending.js';
import type {
  CompletenessStore,
  EventStore,
  SentEvent,
  StoredSending,
  UsageLogEnds,
} from '../core/event-ports.js';
import type { MeterStore } from '../core/ports.js';
import { askLog } from './read-completeness.js';

export interface ExplainEventPorts {
  readonly unitOfWork: UnitOfWork;
  readonly meters: MeterStore;
  readonly events: EventStore;
  readonly completeness: CompletenessStore;
  readonly log: UsageLogEnds;
  readonly clock: Clock;
  /** Kafka partitions of the topic. */
  readonly partitions: number;
}

export interface ExplainedSending {
  readonly sending: StoredSending;
  /** The delivery that was counted instead. */
  readonly duplicateOf: StoredSending | undefined;
  /** Every live meter of the event's type; undefined unless the delivery is ok. */
  readonly meters: readonly MeterCount[] | undefined;
}

export interface EventStatus {
  readonly state: 'unknown' | 'counted' | 'not_counted';
  readonly sentence: string;
  readonly sendings: readonly ExplainedSending[];
  readonly hasMore: boolean;
  /** Only of an unknown event: how far its part of the log is behind. */
  readonly delay: StageDelay | undefined;
}

// Who sends one event more often wants to see the first and that there are more.
const sendingsMax = 100;
// As many as a namespace can list.
const metersMax = 1000;

/** What became of one event. */
export class ExplainEvent {
  constructor(private readonly ports: ExplainEventPorts) {}

  async run(event: SentEvent): Promise<EventStatus> {
    const found = await this.ports.events.sendings(event, sendingsMax + 1);
    return found.length === 0 ? this.lookAgain(event) : this.explain(event, found);
  }

  /** The ends of the log first: what was accepted before is stored, or waits. */
  private async lookAgain(event: SentEvent): Promise<EventStatus> {
    const { log, completeness, events, clock } = this.ports;
    const asOf = clock.now();
    const partition = usagePartition(event.namespace, event.source, event.id, this.ports.partitions);
    const end = (await askLog(() => log.ends())).get(partition) ?? 0;
    const { marks } = await completeness.tally(event.namespace, { fromMs: undefined, toMs: undefined });
    const found = await events.sendings(event, sendingsMax + 1);
    if (found.length > 0) return this.explain(event, found);
    const stored = marks.find((mark) => mark.partition === partition)?.stored ?? 0;
    const waiting = stored < end;
    const ages = waiting
      ? await askLog(() => log.waitingAtMostMs(new Map([[partition, stored]])))
      : new Map<number, number>();
    return {
      state: 'unknown',
      sentence: unknownSentence(waiting, asOf),
      sendings: [],
      hasMore: false,
      delay: delayOf(waiting, ages.get(partition)),
    };
  }

  private async explain(event: SentEvent, found: readonly StoredSending[]): Promise<EventStatus> {
    const sendings: ExplainedSending[] = [];
    let first: StoredSending | undefined;
    for (const sending of found.slice(0, sendingsMax)) {
      const isOk = sending.status === 'ok';
      if (isOk) first = sending;
      sendings.push({
        sending,
        duplicateOf: sending.status === 'duplicate' ? first : undefined,
        meters: isOk ? await this.countsOf(event, sending) : undefined,
      });
    }
    const isCounted = sendings.some(({ meters }) => meters?.some(({ counted }) => counted) === true);
    return {
      state: isCounted ? 'counted' : 'not_counted',
      sentence: sentenceOf(sendings),
      sendings,
      hasMore: found.length > sendingsMax,
      delay: undefined,
    };
  }

  private async countsOf(event: SentEvent, sending: StoredSending): Promise<readonly MeterCount[]> {
    const { unitOfWork, meters, events } = this.ports;
    const live = await meters.list(unitOfWork.reader(event.namespace), {
      includeDeleted: false,
      orderBy: 'key',
      descending: false,
      limit: metersMax,
      offset: 0,
    });
    const ofType = live.filter(({ eventType }) => eventType === sending.type);
    const [sights, built] = await Promise.all([
      events.sights(event, sending.place, ofType),
      events.readings(
        event.namespace,
        sending,
        ofType.map(({ id }) => id),
      ),
    ]);
    return sights.flatMap((sight) => {
      const meter = ofType[sight.meter];
      if (meter === undefined) return [];
      const reading = built.find(({ meterId }) => meterId === meter.id);
      return [explainSight(meter, sending, sight, reading?.version)];
    });
  }
}

const unknownSentence = (waiting: boolean, asOf: Instant): string =>
  waiting
    ? 'Not stored. Events of its part of the log wait to be stored, and it may be among them.'
    : `Not stored, and everything that was accepted before ${toRfc3339(asOf)} is: it was never accepted, or is no longer kept.`;
