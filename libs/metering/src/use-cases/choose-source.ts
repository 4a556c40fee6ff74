import type { Db } from '@ledgerline/kernel';
import { type Extraction, extractionOf, type GroupBy, type Meter } from '../core/meter.js';
import type { UsageSource } from '../core/meter-query.js';
import type { MeterVersionStore } from '../core/ports.js';

export interface ChosenSource {
  readonly source: UsageSource;
  readonly extraction: Extraction;
}

/** All events of the meter, read by its newest groups: always right, never quick. */
export const rawSource = (meter: Meter): ChosenSource => ({
  source: { kind: 'raw' },
  extraction: extractionOf(meter),
});

/**
 * Readings of the newest complete version where it knows the groups that are asked for by the same paths; raw events
 * otherwise: for a meter too new, for groups just added, and for a deleted meter, whose readings are no longer built.
 */
export async function chooseSource(
  versions: MeterVersionStore,
  db: Db,
  ask: { readonly meter: Meter; readonly keys: readonly string[]; readonly partitions: number },
): Promise<ChosenSource> {
  const { meter, keys, partitions } = ask;
  if (meter.deletedAt !== undefined) return rawSource(meter);
  const { version, generation } = await versions.newestComplete(db, meter.id);
  if (version === undefined || !keys.every((key) => samePath(key, version.groupBy, meter.groupBy))) {
    return rawSource(meter);
  }
  return { source: { kind: 'readings', generation, partitions }, extraction: extractionOf(meter, version) };
}

function samePath(key: string, a: GroupBy, b: GroupBy): boolean {
  const find = (groups: GroupBy): string | undefined => groups.find((group) => group.key === key)?.path.text;
  return find(a) !== undefined && find(a) === find(b);
}

// Each try reads the set of meters anew; that many changes within one question do not happen by chance.
const triesMax = 5;

/** Asks until readings and plan speak of the same set of meters; raw events answer when they never do. */
export async function askUsage<T>(
  choose: () => Promise<ChosenSource>,
  raw: ChosenSource,
  ask: (chosen: ChosenSource) => Promise<T | 'meters-moved'>,
): Promise<T | 'meters-moved'> {
  for (let tried = 0; tried < triesMax; tried += 1) {
    const answer = await ask(await choose());
    if (answer !== 'meters-moved') return answer;
  }
  return ask(raw);
}
