import type { ClickHouseClient } from '@ledgerline/platform/clickhouse';
import type { Platform } from '@ledgerline/platform/nest';
import { decideCutoff, dropMonths, type MonthDrop, RetainedEvents, retainEvents } from '@ledgerline/sink';
import { ReadingsNeed } from './store/readings-need.js';
import { RetainedReadings } from './store/retained-readings.js';

export interface RetentionSettings {
  /** Full months that stay besides the current one; 0 keeps everything. */
  readonly eventsMonths: number;
  readonly readingsMonths: number;
  readonly dedupeWindowMs: number;
  /** The instance's time is virtual: months are over when events of later ones have arrived. */
  readonly virtualTime: boolean;
}

export interface RetentionOutcome {
  readonly events: readonly MonthDrop[];
  readonly readings: readonly MonthDrop[];
  /** Why events that are old enough stay for now. */
  readonly postponed: string | undefined;
}

/**
 * Lets old events and readings leave, while nobody builds readings: between the look at what is still needed and the last
 * drop no back-fill can begin. Answers undefined when somebody does build; the next try comes soon.
 */
export function openRetention(
  engines: { readonly clickhouse: ClickHouseClient; readonly postgres: Platform['postgres'] },
  settings: RetentionSettings,
): (nowMs: number) => Promise<RetentionOutcome | undefined> {
  const need = new ReadingsNeed(engines.postgres, engines.clickhouse);
  return (nowMs) => need.whileNobodyBuilds(() => retain(engines.clickhouse, need, settings, nowMs));
}

async function retain(
  clickhouse: ClickHouseClient,
  need: ReadingsNeed,
  settings: RetentionSettings,
  machineMs: number,
): Promise<RetentionOutcome> {
  const { eventsMonths, readingsMonths, dedupeWindowMs } = settings;
  const nowMs = settings.virtualTime ? Math.min(machineMs, await need.latestArrivalMs()) : machineMs;
  let events: readonly MonthDrop[] = [];
  let postponed: string | undefined;
  if (eventsMonths > 0) {
    const ofEvents = await need.ofEvents();
    postponed = ofEvents.postponed;
    if (postponed === undefined) {
      const terms = { months: eventsMonths, nowMs, dedupeWindowMs, need: ofEvents };
      events = await retainEvents((one) => new RetainedEvents(clickhouse, one), terms);
    }
  }
  let readings: readonly MonthDrop[] = [];
  if (readingsMonths > 0) {
    const cutoff = decideCutoff(nowMs, readingsMonths);
    readings = await dropMonths(
      new RetainedReadings(clickhouse, cutoff, decideCutoff(nowMs, 0).month),
      cutoff,
    );
  }
  return { events, readings, postponed };
}
