import { yearMonthOf } from '../core/batch.js';
import { decideCutoff, type EventsTerms, type MonthDrop, type RetainedTable } from '../core/retention.js';
import { dropMonths } from './drop-months.js';

/** What others still need of the events; metering says. */
export interface EventsNeed {
  /** Why no event may leave now; undefined when some may. */
  readonly postponed?: string | undefined;
  /** Last offset per Kafka partition that readings are built of. */
  readonly builtTo: ReadonlyMap<number, number>;
}

export interface RetainEventsTerms {
  readonly months: number;
  readonly nowMs: number;
  readonly dedupeWindowMs: number;
  readonly need: EventsNeed;
}

// Records wait this long in the log for a sink that is down (topic's retention, a week), and the newest events may be
// stored in disorder by a day: what is stored then must still find what it repeats.
const waitingMaxMs = 8 * 24 * 60 * 60 * 1000;

/** Lets events leave that are older than configured and that nobody needs any more. */
export async function retainEvents(
  open: (terms: EventsTerms) => RetainedTable,
  { months, nowMs, dedupeWindowMs, need }: RetainEventsTerms,
): Promise<readonly MonthDrop[]> {
  const cutoff = decideCutoff(nowMs, months);
  const table = open({
    cutoff,
    builtTo: need.builtTo,
    neededSinceMs: nowMs - dedupeWindowMs - waitingMaxMs,
    currentMonth: yearMonthOf(nowMs),
  });
  return dropMonths(table, cutoff);
}
