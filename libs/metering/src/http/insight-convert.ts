import type { components } from '@ledgerline/contract';
import { type Instant, instantFromMs, toRfc3339 } from '@ledgerline/kernel';
import type { PartitionCompleteness, StageDelay } from '../core/answer-completeness.js';
import type { DeliveredCounts, StoredSending } from '../core/event-ports.js';
import type { MeterCount } from '../core/explain-sending.js';
import type { MeterQueryAnswer } from '../core/meter-query.js';
import type { EventStatus, ExplainedSending } from '../use-cases/explain-event.js';
import type { CompletenessAnswer } from '../use-cases/read-completeness.js';

type Schemas = components['schemas'];

export const eventStatusToApi = (
  event: { readonly source: string; readonly id: string },
  status: EventStatus,
): Schemas['LedgerlineEventStatus'] => ({
  source: event.source,
  id: event.id,
  state: status.state,
  sentence: status.sentence,
  sendings: status.sendings.map(sendingToApi),
  ...(status.hasMore ? { hasMore: true } : {}),
  ...(status.delay === undefined ? {} : { delay: delayToApi(status.delay) }),
});

const sendingToApi = (explained: ExplainedSending): Schemas['LedgerlineEventSending'] => {
  const { sending, duplicateOf, meters } = explained;
  return {
    status: sending.status,
    type: sending.type,
    subject: sending.subject,
    ...timesToApi(sending),
    ...(sending.reason === '' ? {} : { reason: sending.reason }),
    ...(duplicateOf === undefined ? {} : { duplicateOf: timesToApi(duplicateOf) }),
    ...(meters === undefined ? {} : { meters: meters.map(meterCountToApi) }),
  };
};

const timesToApi = (sending: StoredSending): Schemas['LedgerlineEventFirst'] => ({
  place: { ...sending.place },
  time: toRfc3339(instantFromMs(sending.timeSeconds * 1000)),
  ingestedAt: toRfc3339(instantFromMs(sending.ingestedAtMs)),
  storedAt: toRfc3339(instantFromMs(sending.storedAtMs)),
});

const meterCountToApi = (count: MeterCount): Schemas['LedgerlineEventMeter'] => {
  const { meter, counted, reason, value, dimensions, readingVersion } = count;
  return {
    meterId: meter.id,
    slug: meter.slug,
    version: meter.version,
    counted,
    ...(reason === undefined ? {} : { reason }),
    ...(value === undefined ? {} : { value }),
    ...(meter.groupBy.length === 0 ? {} : { dimensions: { ...dimensions } }),
    reading: readingVersion !== undefined ? 'built' : counted ? 'pending' : 'none',
    ...(readingVersion === undefined ? {} : { readingVersion }),
  };
};

const delayToApi = ({ waiting, atMostSeconds }: StageDelay): Schemas['LedgerlineStageDelay'] => ({
  waiting,
  ...(atMostSeconds === undefined ? {} : { atMostSeconds }),
});

export interface CompletenessView {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  /** Offsets count the records of all namespaces: only who is alone may see them. */
  readonly showsOffsets: boolean;
}

export const completenessToApi = (
  answer: CompletenessAnswer,
  view: CompletenessView,
): Schemas['LedgerlineCompleteness'] => ({
  asOf: toRfc3339(answer.asOf),
  ...(view.from === undefined ? {} : { from: toRfc3339(view.from) }),
  ...(view.to === undefined ? {} : { to: toRfc3339(view.to) }),
  complete: answer.complete,
  readingsComplete: answer.readingsComplete,
  sentence: answer.complete
    ? `Everything that was accepted before ${toRfc3339(answer.asOf)} is stored and counted.`
    : 'Accepted events wait to be stored; they are not counted yet.',
  total: countsToApi(answer.total),
  partitions: answer.partitions.map((partition) => partitionToApi(partition, view)),
});

const countsToApi = ({ ok, duplicate, invalid }: DeliveredCounts): Schemas['LedgerlineDeliveredCounts'] => ({
  delivered: ok + duplicate + invalid,
  ok,
  duplicate,
  invalid,
});

const partitionToApi = (
  { partition, counts, unreadable, logEnd, marks, storing, building }: PartitionCompleteness,
  { showsOffsets }: CompletenessView,
): Schemas['LedgerlinePartitionCompleteness'] => ({
  partition,
  counts: countsToApi(counts),
  ...(showsOffsets
    ? { unreadable, logEndOffset: logEnd, storedOffset: marks.stored, readingsOffset: marks.readings }
    : {}),
  complete: !storing.waiting,
  readingsComplete: !building.waiting,
  storing: delayToApi(storing),
  building: delayToApi(building),
});

export const liveUsageToApi = ({ meter, rows }: MeterQueryAnswer): Schemas['LedgerlineLiveUsage'] => ({
  meterId: meter.id,
  slug: meter.slug,
  rows: rows.map((row) => ({
    value: row.value.toFixed(),
    windowStart: toRfc3339(row.windowStart),
    windowEnd: toRfc3339(row.windowEnd),
    subject: row.subject ?? null,
    groupBy: { ...row.groupBy },
  })),
});
