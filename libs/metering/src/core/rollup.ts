/*
 * Rollups are aggregate projections of `readings`: written in the same part as the readings they sum up, dropped with them,
 * and read from the same snapshot, so the two cannot disagree. See docs/adr/0006.
 */

/** One rollup: which bucket of time its rows stand for and what else tells them apart, besides the dimensions. */
interface Rollup {
  /** Column of `readings` with the first second of the bucket. */
  readonly column: 'quarter' | 'day';
  readonly seconds: number;
}

/** By quarter of an hour, over all subjects. */
const byQuarter: Rollup = { column: 'quarter', seconds: 900 };
/** By UTC day: one rollup tells subjects apart, another the texts of a value. */
const byDay: Rollup = { column: 'day', seconds: 86_400 };

interface RollupNeed {
  readonly aggregation: string;
  /** Subjects are filtered by or told apart. */
  readonly subjects: boolean;
  readonly window: { readonly size: string; readonly timeZone: string } | undefined;
}

// Days of these begin with the UTC day, always.
const utcNames = new Set([
  'UTC',
  'Etc/UTC',
  'Etc/UCT',
  'Etc/Universal',
  'Etc/Zulu',
  'UCT',
  'Universal',
  'Zulu',
]);

/**
 * Since then every zone is whole quarters of an hour away from UTC: the last ones to be not were Liberia until 1972 and the
 * Line Islands until October 1979. Windows of earlier times are made from readings.
 */
export const quarterZonesSinceSeconds = Date.UTC(1980, 0, 1) / 1000;

/** The rollup whose buckets fit into the windows asked for; undefined where readings have to answer. */
export function chooseRollup({ aggregation, subjects, window }: RollupNeed): Rollup | undefined {
  // The latest value is one reading; a state of it in every bucket would cost more than it saves.
  if (aggregation === 'LATEST' || window?.size === 'MINUTE') return undefined;
  if (!subjects && aggregation !== 'UNIQUE_COUNT') return byQuarter;
  if (subjects && aggregation === 'UNIQUE_COUNT') return undefined;
  const fits = window === undefined || (window.size !== 'HOUR' && utcNames.has(window.timeZone));
  return fits ? byDay : undefined;
}

/** How a stretch of time is answered: whole buckets from the rollup, the others from readings. */
export interface RollupSplit {
  readonly rollup: Rollup;
  /** Buckets of the rollup begin here or later, and before the end. */
  readonly fromBucket: number | undefined;
  readonly toBucket: number | undefined;
  /** Buckets that a border cuts in two, in order: readings answer for them … */
  readonly cutBuckets: readonly number[];
  /** … and for everything before this one. */
  readonly readingsBefore: number | undefined;
}

export const bucketOf = (seconds: number, width: number): number => Math.floor(seconds / width) * width;
const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

// With fewer whole buckets a second look at the table costs more than it saves.
const wholeBucketsMin = 2;
// A day of one subject is a step or two of the sort key of readings: that many are as quick to read as the rollup.
const subjectDaysMin = 40;

/**
 * Splits time between a rollup and readings. `cuts` are borders at which usage must be told apart, besides the bounds and
 * the windows. Undefined when too little is left for the rollup.
 */
export function splitByRollup(
  rollup: Rollup,
  bounds: { readonly fromSeconds: number | undefined; readonly toSeconds: number | undefined },
  cuts: readonly number[],
  whom: { readonly hasWindows: boolean; readonly subjects: number | undefined },
): RollupSplit | undefined {
  const { fromSeconds, toSeconds } = bounds;
  const { hasWindows, subjects } = whom;
  const width = rollup.seconds;
  const borders = [...cuts, fromSeconds, toSeconds].filter(isDefined);
  const cutBuckets = [
    ...new Set(borders.filter((border) => border % width !== 0).map((border) => bucketOf(border, width))),
  ].sort((a, b) => a - b);
  const asked = fromSeconds === undefined ? undefined : bucketOf(fromSeconds, width);
  const isOld = hasWindows && (asked === undefined || asked < quarterZonesSinceSeconds);
  const fromBucket = isOld ? quarterZonesSinceSeconds : asked;
  const toBucket = toSeconds === undefined ? undefined : bucketOf(toSeconds + width - 1, width);
  const whole =
    fromBucket === undefined || toBucket === undefined
      ? Infinity
      : (toBucket - fromBucket) / width - cutBuckets.filter((bucket) => bucket >= fromBucket).length;
  const enough = subjects === undefined ? wholeBucketsMin : subjectDaysMin / Math.max(1, subjects);
  if (whole < Math.max(wholeBucketsMin, enough)) return undefined;
  return { rollup, fromBucket, toBucket, cutBuckets, readingsBefore: isOld ? fromBucket : undefined };
}
