import {
  compareInstants,
  earliest,
  floorToMinute,
  type Instant,
  invariant,
  latest,
  type MinuteInstant,
  type Period,
  type Recurrence,
  recurrenceAt,
  recurrenceIndexAt,
  recurrencePeriodAt,
} from '@ledgerline/kernel';

/** One stretch of an entitlement's usage periods: the first from measureUsageFrom on, one more per manual reset. */
export interface UsagePeriodEntry extends Recurrence {
  readonly from: Instant;
  /** What the manual reset that began this stretch said; absent: the entitlement's own setting. */
  readonly preserveOverage?: boolean | undefined;
}

/** The start of a new usage period. */
export interface Reset {
  readonly at: MinuteInstant;
  readonly preserveOverage: boolean;
}

/** In time order; of two entries at the same instant the later recorded one counts. */
function inOrder(entries: readonly UsagePeriodEntry[]): readonly UsagePeriodEntry[] {
  invariant(entries.length > 0, 'an entitlement has at least the usage period it was created with');
  return [...entries].sort((a, b) => compareInstants(a.from, b.from));
}

/** The usage period that contains the instant; before the first entry: the first period. */
export function usagePeriodAt(entries: readonly UsagePeriodEntry[], at: Instant): Period {
  const sorted = inOrder(entries);
  const index = Math.max(
    0,
    sorted.findLastIndex((entry) => compareInstants(entry.from, at) <= 0),
  );
  const entry = sorted[index];
  const next = sorted[index + 1];
  invariant(entry !== undefined, 'the index lies within the entries');
  const { from, to } = recurrencePeriodAt(entry, latest(at, entry.from));
  return { from: latest(from, entry.from), to: next === undefined ? to : earliest(to, next.from) };
}

/** Every instant in [from, to], both included, at which a usage period starts, each once, in order. */
export function resetTimeline(
  entries: readonly UsagePeriodEntry[],
  from: Instant,
  to: Instant,
): readonly Instant[] {
  return resets(entries, from, to).map(({ at }) => at);
}

/** The resets the engine performs after one instant and up to another (included): programmatic and manual ones. */
export function resetsWithin(
  entries: readonly UsagePeriodEntry[],
  after: MinuteInstant,
  upTo: MinuteInstant,
  preserveOverageAtReset: boolean,
): readonly Reset[] {
  const byMinute = new Map<number, Reset>();
  for (const { at, entry } of resets(entries, after, upTo)) {
    const minute = floorToMinute(at);
    if (compareInstants(minute, after) <= 0) continue;
    // A manual reset speaks for itself only; the programmatic ones around it follow the entitlement.
    const preserveOverage = entry?.preserveOverage ?? preserveOverageAtReset;
    byMinute.set(minute.epochMilliseconds, { at: minute, preserveOverage });
  }
  return [...byMinute.values()];
}

interface TimelineReset {
  readonly at: Instant;
  /** The entry that starts here; absent for a programmatic reset. */
  readonly entry?: UsagePeriodEntry;
}

function resets(entries: readonly UsagePeriodEntry[], from: Instant, to: Instant): readonly TimelineReset[] {
  const sorted = inOrder(entries);
  return sorted.flatMap((entry, index) => {
    const next = sorted[index + 1];
    if (next !== undefined && compareInstants(next.from, entry.from) === 0) return [];
    const found: TimelineReset[] = [];
    if (compareInstants(from, entry.from) <= 0 && compareInstants(entry.from, to) <= 0)
      found.push({ at: entry.from, entry });
    const start = latest(from, entry.from);
    for (let n = recurrenceIndexAt(entry, start); ; n += 1) {
      const at = recurrenceAt(entry, n);
      if (compareInstants(at, to) > 0 || (next !== undefined && compareInstants(at, next.from) >= 0)) break;
      if (compareInstants(at, start) >= 0 && compareInstants(at, entry.from) > 0) found.push({ at });
    }
    return found;
  });
}
