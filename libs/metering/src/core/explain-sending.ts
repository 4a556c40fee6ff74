import { toRfc3339 } from '@ledgerline/kernel';
import type { MeterSight, StoredSending } from './event-ports.js';
import { type Meter, valueKindOf } from './meter.js';
import { describeReadingProblem } from './reading-problems.js';

/** What one event is to one meter. */
export interface MeterCount {
  readonly meter: Meter;
  readonly counted: boolean;
  /** Why not, or what is odd about a value that counts. */
  readonly reason: string | undefined;
  /** What the event adds, as exact text. */
  readonly value: string | undefined;
  readonly dimensions: Readonly<Record<string, string>>;
  /** The version that a reading of it is built for. */
  readonly readingVersion: number | undefined;
}

/** What queries make of it: they use the same extractor, and leave out what is before the meter's start or has no value. */
export function explainSight(
  meter: Meter,
  sending: Pick<StoredSending, 'timeSeconds'>,
  sight: MeterSight,
  readingVersion: number | undefined,
): MeterCount {
  const kind = valueKindOf(meter.aggregation);
  const value = kind === 'none' ? '1' : ((kind === 'number' ? sight.value : sight.text) ?? undefined);
  const { eventFrom } = meter;
  // Bounds of queries are compared in whole seconds.
  const tooEarlyFor =
    eventFrom !== undefined && sending.timeSeconds < Math.floor(eventFrom.epochMilliseconds / 1000)
      ? eventFrom
      : undefined;
  const path = meter.valueProperty?.text ?? '';
  const problem =
    sight.code === 0 ? undefined : describeReadingProblem({ code: sight.code, path, text: sight.quoted });
  return {
    meter,
    counted: value !== undefined && tooEarlyFor === undefined,
    reason:
      tooEarlyFor === undefined
        ? problem
        : `the event is before the meter's eventFrom ${toRfc3339(tooEarlyFor)}`,
    value,
    dimensions: Object.fromEntries(meter.groupBy.map(({ key }, at) => [key, sight.dimensions[at] ?? ''])),
    readingVersion,
  };
}

/** The whole story in one sentence. */
export function sentenceOf(
  sendings: readonly {
    readonly sending: Pick<StoredSending, 'status' | 'reason' | 'type'>;
    readonly meters: readonly MeterCount[] | undefined;
  }[],
): string {
  const ok = sendings.findLast(({ meters }) => meters !== undefined);
  const duplicates = sendings.filter(({ sending }) => sending.status === 'duplicate').length;
  const again = duplicates === 0 ? '' : ` Delivered ${duplicates} more times, which are not counted.`;
  if (ok?.meters === undefined) {
    const invalid = sendings.find(({ sending }) => sending.status === 'invalid');
    return invalid === undefined
      ? 'Not counted: a duplicate of an event that is no longer kept.'
      : `Not counted, because it is not valid: ${invalid.sending.reason}.${again}`;
  }
  const { meters } = ok;
  if (meters.length === 0) return `Stored, but no meter counts events of type ${ok.sending.type}.${again}`;
  const counted = meters.filter((meter) => meter.counted).length;
  if (counted === 0) return `Stored, but none of the ${meters.length} meters of its type counts it.${again}`;
  return `Counted in ${counted} of ${meters.length} meters of its type.${again}`;
}
