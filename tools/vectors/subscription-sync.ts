import { isDivisibleBy } from '@ledgerline/catalog/core';
import {
  addDuration,
  type Duration,
  instant,
  parseDuration,
  recurrencePeriodAt,
  toRfc3339,
} from '@ledgerline/kernel';
import { compare, noCore, unknownKind, type Vector, type VectorAdapter } from './adapter.js';
import { type PhaseLineGenerationVector, runPhaseLineGeneration } from './phase-line-generation.js';

interface RecurrenceVector extends Vector {
  readonly interval: string;
  readonly anchor: string;
  readonly at: string;
  readonly expect: unknown;
}
interface DurationAddVector extends Vector {
  readonly start: string;
  readonly duration: string;
  readonly expect: unknown;
}
interface DurationDivisibleVector extends Vector {
  readonly larger: string;
  readonly smaller: string;
  readonly expect: unknown;
}

/** The calendar kinds are answered by the kernel and catalog; the timelines wait for the rooms that write them. */
export const adapter: VectorAdapter = {
  file: 'subscription-sync.json',
  run(vector) {
    switch (vector.kind) {
      case 'recurrence': {
        const { interval, anchor, at, expect } = vector as RecurrenceVector;
        const recurrence = { interval: durationOf(interval), anchor: instant(anchor) };
        const { from, to } = recurrencePeriodAt(recurrence, instant(at));
        return compare(expect, [toRfc3339(from), toRfc3339(to)]);
      }
      case 'duration_add': {
        const { start, duration, expect } = vector as DurationAddVector;
        return compare(expect, toRfc3339(addDuration(instant(start), durationOf(duration))));
      }
      case 'phase_line_generation':
        return runPhaseLineGeneration(vector as PhaseLineGenerationVector);
      case 'duration_divisible': {
        const { larger, smaller, expect } = vector as DurationDivisibleVector;
        return compare(expect, isDivisibleBy(durationOf(larger), durationOf(smaller)));
      }
      case 'timeline':
        return noCore;
      default:
        return unknownKind(vector);
    }
  },
};

function durationOf(text: string): Duration {
  const read = parseDuration(text);
  if (read === undefined) throw new Error(`no duration: ${text}`);
  return read;
}
