import type { Instant } from '@ledgerline/kernel';
import { dimensionSql } from './extract-sql.js';
import type { JsonPath } from './json-path.js';
import type { Meter } from './meter.js';
import { wholeSeconds } from './plan-meter-query.js';
import { Binder, type Statement } from './statement.js';

/** A list of subjects or values that is longer than this is a report, not a choice to pick from; it is refused. */
export const valuesMax = 100_000;

/** Start included, end excluded. */
export interface TimeRange {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
}

/** Rows of one column: the subjects that sent events of the meter's type, sorted. */
export function planMeterSubjects(
  meter: Pick<Meter, 'namespace' | 'eventType'>,
  range: TimeRange,
): Statement {
  const binder = new Binder();
  return binder.statement(`SELECT DISTINCT subject FROM events
    WHERE ${eventsOfMeterSql(meter, range, binder)}
    ORDER BY subject
    LIMIT ${valuesMax + 1}`);
}

/** Rows of one column: the values that one group key of a meter took, sorted; '' where an event has none. */
export function planGroupValues(
  meter: Pick<Meter, 'namespace' | 'eventType'>,
  path: JsonPath,
  range: TimeRange,
): Statement {
  const binder = new Binder();
  return binder.statement(`SELECT DISTINCT ${dimensionSql(path, binder)} AS group_value
    FROM events
    WHERE ${eventsOfMeterSql(meter, range, binder)}
    ORDER BY group_value
    LIMIT ${valuesMax + 1}`);
}

function eventsOfMeterSql(
  { namespace, eventType }: Pick<Meter, 'namespace' | 'eventType'>,
  { from, to }: TimeRange,
  binder: Binder,
): string {
  return [
    `namespace = ${binder.bind('String', namespace)}`,
    `type = ${binder.bind('String', eventType)}`,
    `status = 'ok'`,
    ...(from === undefined ? [] : [`time >= ${instantSql(from, binder)}`]),
    ...(to === undefined ? [] : [`time < ${instantSql(to, binder)}`]),
  ].join(' AND ');
}

// What DateTime64 holds, 1900 to 2299: a bound beyond it bounds nothing.
const instantSql = (at: Instant, binder: Binder): string =>
  `toDateTime64(${binder.bind('Int64', Math.min(Math.max(wholeSeconds(at), -2_208_988_800), 10_413_791_999))}, 0, 'UTC')`;

/** Rows `subject, count` of all events of a namespace from an instant on, by subject. */
export function planEventCounts(namespace: string, from: Instant): Statement {
  const binder = new Binder();
  return binder.statement(`SELECT subject, toString(count()) FROM events
    WHERE namespace = ${binder.bind('String', namespace)} AND status = 'ok' AND time >= ${instantSql(from, binder)}
    GROUP BY subject ORDER BY subject LIMIT ${valuesMax + 1}`);
}
