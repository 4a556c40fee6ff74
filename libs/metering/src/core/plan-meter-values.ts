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
    ...(from === undefined ? [] : [`CAST(time, 'Int64') >= ${secondsSql(from, binder)}`]),
    ...(to === undefined ? [] : [`CAST(time, 'Int64') < ${secondsSql(to, binder)}`]),
  ].join(' AND ');
}

// As whole numbers: that is what the table's key can prune by.
const secondsSql = (at: Instant, binder: Binder): string => binder.bind('Int64', wholeSeconds(at));

/** Rows `subject, count` of all events of a namespace from an instant on, by subject. */
export function planEventCounts(namespace: string, from: Instant): Statement {
  const binder = new Binder();
  return binder.statement(`SELECT subject, toString(count()) FROM events
    WHERE namespace = ${binder.bind('String', namespace)} AND status = 'ok' AND CAST(time, 'Int64') >= ${secondsSql(from, binder)}
    GROUP BY subject ORDER BY subject LIMIT ${valuesMax + 1}`);
}
