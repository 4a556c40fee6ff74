import {
  compareInstants,
  floorToMinute,
  invariant,
  type MinuteInstant,
  recurrenceAt,
  recurrenceIndexAt,
} from '@ledgerline/kernel';
import { compareBurnOrder, type Grant, grantActivity } from './grant.js';
import type { Aggregation } from './snapshot.js';
import type { Reset } from './usage-period.js';

/** Why a phase ends. A pure cut (a history window's start, the end of the run) is no reason. */
export type PhaseEnd = 'activity' | 'recurrence' | 'reset';

/** A half-open span the meter is asked about. Empty spans are never asked. */
export interface UsageWindow {
  readonly from: MinuteInstant;
  readonly to: MinuteInstant;
}

/**
 * A `segment` burns and is told in the history; a `marker` is an empty segment that only shows a recurrence; the
 * `instant` a run ends at burns what is owed, but its changes are in the end state, not in the history of [from, to).
 */
export type PhaseRole = 'segment' | 'marker' | 'instant';

/** A stretch in which nothing happens but usage, and what happens at its start. */
export interface Phase {
  readonly from: MinuteInstant;
  readonly to: MinuteInstant;
  /** Start of the usage period the phase lies in. */
  readonly usageSince: MinuteInstant;
  readonly reset?: Reset;
  readonly starting: readonly Grant[];
  readonly ending: readonly Grant[];
  readonly recurring: readonly Grant[];
  readonly endedBy: readonly PhaseEnd[];
  readonly window?: UsageWindow;
  readonly role: PhaseRole;
}

export interface BurnPlan {
  readonly aggregation: Aggregation;
  /** In burn order. */
  readonly grants: readonly Grant[];
  readonly phases: readonly Phase[];
}

export interface BurnSpan {
  readonly from: MinuteInstant;
  readonly to: MinuteInstant;
  /** Start of the usage period that contains `from`. */
  readonly usageSince: MinuteInstant;
  readonly aggregation: Aggregation;
  /** Instants to split phases at although nothing happens there, for histories. */
  readonly cuts?: readonly MinuteInstant[];
}

// 20 years of hourly recurrences, about 40 MB of phases; a caller with more has lost its snapshots.
const phasesMax = 200_000;

interface Boundary {
  readonly at: MinuteInstant;
  reset?: Reset;
  readonly starting: Grant[];
  readonly ending: Grant[];
  readonly recurring: Grant[];
}

/**
 * Cuts the span at everything that changes what pays: grants starting and ending, recurrences, resets. Depends on
 * grants and resets alone, never on usage, so the usage of all phases can be fetched in one query.
 */
export function planBurnPhases(grants: readonly Grant[], resets: readonly Reset[], span: BurnSpan): BurnPlan {
  invariant(compareInstants(span.from, span.to) <= 0, 'a run ends at or after its start');
  for (const { at } of resets) {
    invariant(
      compareInstants(at, span.from) > 0,
      'provided reset times must occur after the starting snapshot',
    );
    invariant(
      compareInstants(at, span.to) <= 0,
      'provided reset times must not lie after the end of the run',
    );
  }
  const sorted = [...grants].sort(compareBurnOrder);
  invariant(new Set(sorted.map(({ id }) => id)).size === sorted.length, 'each grant takes part once');
  return {
    aggregation: span.aggregation,
    grants: sorted,
    phases: phasesBetween(boundariesOf(sorted, resets, span), span),
  };
}

/** The windows to ask the meter about: the value of each, in this order, is what `burnDown` wants. */
export const usageWindows = (plan: BurnPlan): readonly UsageWindow[] =>
  plan.phases.flatMap(({ window }) => (window === undefined ? [] : [window]));

/** All instants in [from, to] at which something happens, in order; the first is `from` itself. */
function boundariesOf(
  grants: readonly Grant[],
  resets: readonly Reset[],
  span: BurnSpan,
): readonly Boundary[] {
  const byTime = new Map<number, Boundary>();
  const boundaryAt = (at: MinuteInstant): Boundary => {
    const known = byTime.get(at.epochMilliseconds);
    if (known !== undefined) return known;
    const made: Boundary = { at, starting: [], ending: [], recurring: [] };
    byTime.set(at.epochMilliseconds, made);
    invariant(byTime.size <= phasesMax, 'too many phases: keep snapshots closer to the instant asked for');
    return made;
  };
  // What happens at `from` is already in the start state.
  const isLater = (at: MinuteInstant): boolean =>
    compareInstants(at, span.from) > 0 && compareInstants(at, span.to) <= 0;

  boundaryAt(span.from);
  for (const grant of grants) {
    const { from, to } = grantActivity(grant);
    if (to !== undefined && compareInstants(to, from) === 0) continue;
    if (isLater(from)) boundaryAt(from).starting.push(grant);
    if (to !== undefined && isLater(to)) boundaryAt(to).ending.push(grant);
    for (const at of recurrencesWithin(grant, span)) boundaryAt(at).recurring.push(grant);
  }
  for (const reset of resets) boundaryAt(reset.at).reset = reset;
  for (const cut of span.cuts ?? []) if (isLater(cut)) boundaryAt(cut);
  return [...byTime.values()].sort((a, b) => compareInstants(a.at, b.at));
}

/** The recurrences of a grant within the span, both ends included, at which the grant is active. */
function* recurrencesWithin(grant: Grant, span: BurnSpan): Generator<MinuteInstant> {
  const { recurrence } = grant;
  if (recurrence === undefined) return;
  const { from, to } = grantActivity(grant);
  const start = compareInstants(from, span.from) > 0 ? from : span.from;
  for (let n = recurrenceIndexAt(recurrence, start); ; n += 1) {
    const at = floorToMinute(recurrenceAt(recurrence, n));
    if (compareInstants(at, span.to) > 0 || (to !== undefined && compareInstants(at, to) >= 0)) return;
    if (compareInstants(at, start) >= 0) yield at;
  }
}

function phasesBetween(boundaries: readonly Boundary[], span: BurnSpan): readonly Phase[] {
  const phases: Phase[] = [];
  let { usageSince } = span;
  for (const [index, boundary] of boundaries.entries()) {
    const { at, reset, starting, ending, recurring } = boundary;
    const next = boundaries[index + 1];
    const isLast = compareInstants(at, span.to) === 0;
    const beginsPart = index === 0 || reset !== undefined;
    if (reset !== undefined) usageSince = at;
    const effects = index === 0 ? nothing : { ...(reset && { reset }), starting, ending, recurring };
    const phase = (
      to: MinuteInstant,
      changes: Effects,
      endedBy: readonly PhaseEnd[],
      role: PhaseRole,
    ): Phase => ({
      from: at,
      to,
      usageSince,
      ...changes,
      endedBy,
      ...windowOf(at, to, usageSince, span.aggregation),
      role,
    });
    // A recurrence on the first instant of a run or usage period shows as an empty segment, as in the original.
    const isMarked = beginsPart && recurring.length > 0 && !isLast;
    if (isMarked) phases.push(phase(at, effects, ['recurrence'], 'marker'));
    const role = isLast && !beginsPart ? 'instant' : 'segment';
    phases.push(phase(next?.at ?? span.to, isMarked ? nothing : effects, endOf(next, span.to), role));
  }
  const last = phases.at(-1);
  invariant(last !== undefined, 'a run has at least one phase');
  return phases;
}

type Effects = Pick<Phase, 'starting' | 'ending' | 'recurring' | 'reset'>;
const nothing: Effects = { starting: [], ending: [], recurring: [] };

function endOf(next: Boundary | undefined, runEnd: MinuteInstant): readonly PhaseEnd[] {
  if (next === undefined) return [];
  if (next.reset !== undefined) return ['reset'];
  if (compareInstants(next.at, runEnd) === 0) return [];
  const ends: PhaseEnd[] = [];
  if (next.starting.length > 0 || next.ending.length > 0) ends.push('activity');
  if (next.recurring.length > 0) ends.push('recurrence');
  return ends;
}

/** SUM and COUNT are asked for the phase itself, distinct counts and gauges from the period's start to its end. */
function windowOf(
  from: MinuteInstant,
  to: MinuteInstant,
  usageSince: MinuteInstant,
  aggregation: Aggregation,
): { window?: UsageWindow } {
  if (compareInstants(from, to) === 0) return {};
  const isAdditive = aggregation === 'SUM' || aggregation === 'COUNT';
  return { window: { from: isAdditive ? from : usageSince, to } };
}
