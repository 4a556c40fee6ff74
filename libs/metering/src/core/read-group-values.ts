import {
  compareInstants,
  type Decision,
  type Instant,
  isBefore,
  refusal,
  sameInstant,
} from '@ledgerline/kernel';
import type { JsonPath } from './json-path.js';
import type { Meter } from './meter.js';
import type { TimeRange } from './plan-meter-values.js';

// The values are there to pick from, so they are read from events every time: bounded by how much that can be.
const reach = { hours: 90 * 24 } as const;
const rangeMax = { hours: 30 * 24 } as const;
const rangeByDefault = { hours: 24 } as const;

const invalid = (field: string, detail: string): Decision<never> => ({
  refused: refusal.invalid(detail, {
    issues: [{ code: 'invalid_parameter', message: detail, field, severity: 'critical' }],
  }),
});

/** Checks a question for the values of one group key. Without a start it goes back from the end, or a day from now. */
export function readGroupValuesRange(
  input: Partial<TimeRange> & { readonly key: string },
  { meter, now }: { readonly meter: Meter; readonly now: Instant },
): Decision<TimeRange & { readonly path: JsonPath }> {
  const path = meter.groupBy.find((group) => group.key === input.key)?.path;
  if (path === undefined) {
    return invalid('groupByKey', `invalid group by: ${input.key.slice(0, 256)}`);
  }
  const { to } = input;
  const from = input.from ?? (to === undefined ? now.subtract(rangeByDefault) : to.subtract(rangeMax));
  if (to !== undefined) {
    if (sameInstant(from, to)) return invalid('from', 'from and to cannot be equal');
    if (compareInstants(from, to) > 0) return invalid('from', 'from must be before to');
  }
  if (isBefore(from, now.subtract(reach))) return invalid('from', 'from must be within the last 90 days');
  if (to !== undefined && isBefore(from.add(rangeMax), to)) {
    return invalid('to', 'the range cannot be longer than 30 days');
  }
  return { accepted: { from, to, path } };
}
