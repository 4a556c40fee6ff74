import type { JsonPath, JsonPathSegment } from './json-path.js';
import { type Extraction, valueKindOf } from './meter.js';
import type { Binder } from './statement.js';

/*
 * The one extractor. Chunks of readings, the tail of a query, a query of raw events and the list of events read values
 * through these expressions and no others, so that they cannot disagree. They speak of the columns `data` and, once a
 * value has been cut out, `raw`.
 */

/** A path's steps as arguments of the JSONExtract family: keys as texts, positions counted from 1. */
const argumentsOf = (segments: readonly JsonPathSegment[], binder: Binder): string =>
  segments
    .map((segment) =>
      segment.kind === 'key'
        ? `, ${binder.bind('String', segment.key)}`
        : `, ${binder.bind('Int64', segment.index + 1)}`,
    )
    .join('');

/** The extraction, or '' where a position would be taken of something that is not an array: there it means a member. */
function guarded(call: string, path: JsonPath, binder: Binder): string {
  const guards = path.segments.flatMap((segment, at) =>
    segment.kind === 'index'
      ? [`JSONType(data${argumentsOf(path.segments.slice(0, at), binder)}) = 'Array'`]
      : [],
  );
  const extraction = `${call}(data${argumentsOf(path.segments, binder)})`;
  return guards.length === 0 ? extraction : `if(${guards.join(' AND ')}, ${extraction}, '')`;
}

/** The JSON text at a path; '' when the path finds nothing. */
export const rawSql = (path: JsonPath, binder: Binder): string => guarded('JSONExtractRaw', path, binder);

/** The text form at a path; '' when it finds nothing or null. */
export const dimensionSql = (path: JsonPath, binder: Binder): string =>
  guarded('JSONExtractString', path, binder);

export const dimensionsSql = (extraction: Extraction, binder: Binder): string =>
  extraction.groupBy.length === 0
    ? "CAST([], 'Array(String)')"
    : `[${extraction.groupBy.map(({ path }) => dimensionSql(path, binder)).join(', ')}]`;

export const rawValueSql = (extraction: Extraction, binder: Binder): string =>
  extraction.valueProperty === undefined ? "''" : rawSql(extraction.valueProperty, binder);

// A decimal number as Go's ParseFloat reads it; ClickHouse's own parser is laxer ("1.2.3" would be 1.23).
const numberPattern = String.raw`'^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$'`;
const innerText = 'JSONExtractString(raw)';
const isText = `startsWith(raw, '"')`;
const isNumber = `match(raw, '^[-0-9]')`;

/** The number in `raw` as Nullable(Decimal(38, 19)): digits beyond the 19th decimal are cut, a larger number is NULL. */
export const numberSql = `multiIf(
  ${isNumber}, toDecimal128OrNull(raw, 19),
  ${isText}, if(match(${innerText}, ${numberPattern}), toDecimal128OrNull(${innerText}, 19), NULL),
  NULL)`;

/** The text form of `raw` as Nullable(String): NULL for JSON null, '' where the path found nothing. */
export const textSql = `multiIf(raw = 'null', NULL, ${isText}, ${innerText}, raw)`;

/** Why `raw` is no value of a meter, as one of `readingProblems`' codes; 0 when it is one. */
export const numberProblemSql = `toUInt8(multiIf(
  raw = '', 2,
  raw = 'null', 3,
  ${isText}, multiIf(
    match(${innerText}, '^[+-]?(?i:inf|infinity)$'), 4,
    match(${innerText}, '^(?i:nan)$'), 5,
    NOT match(${innerText}, ${numberPattern}), 6,
    toDecimal128OrNull(${innerText}, 19) IS NULL, 7,
    0),
  ${isNumber}, if(toDecimal128OrNull(raw, 19) IS NULL, 7, 0),
  startsWith(raw, '['), 9,
  startsWith(raw, '{'), 10,
  8))`;
export const textProblemSql = `toUInt8(multiIf(raw = '', 2, raw = 'null', 3, 0))`;

/** The two value columns of readings for one kind of meter. */
export const valueColumnsSql = (
  extraction: Extraction,
): { readonly value: string; readonly text: string } => {
  const kind = valueKindOf(extraction.aggregation);
  return {
    value: kind === 'number' ? numberSql : "CAST(NULL, 'Nullable(Decimal(38, 19))')",
    text: kind === 'text' ? `CAST(${textSql}, 'Nullable(String)')` : "CAST(NULL, 'Nullable(String)')",
  };
};
