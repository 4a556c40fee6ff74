import { type MediaReply, mediaReply } from '@ledgerline/contract';
import { toRfc3339 } from '@ledgerline/kernel';
import type { AnswerRow, GroupColumn, MeterQueryAnswer } from '../core/meter-query.js';

const parameter = /^[!#$%&'*+.^_`|~\w-]+=(?:[!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*")$/;

// One media type with its parameters is far shorter; what is longer asks for something else.
const acceptMax = 1_024;

/**
 * CSV is asked for by this one media type alone, parameters allowed; a list of types cannot be read as one and means
 * JSON, and so does anything malformed.
 */
export function wantsCsv(accept: string | undefined): boolean {
  if (accept === undefined || accept.length > acceptMax) return false;
  const [type = '', ...parameters] = accept.split(';').map((part) => part.trim());
  return type.toLowerCase() === 'text/csv' && parameters.every((part) => part === '' || parameter.test(part));
}

/** A quote where the text could be taken for a border. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const columnName = (column: GroupColumn): string => (column.kind === 'dimension' ? column.key : column.kind);

function columnValue(column: GroupColumn, row: AnswerRow): string {
  if (column.kind === 'subject') return row.subject ?? '';
  return column.kind === 'customer_id' ? (row.customerId ?? '') : (row.groupBy[column.key] ?? '');
}

/** Display names of those subjects that exist as a resource; undefined where one has no name. */
export type SubjectNames = ReadonlyMap<string, string | undefined>;

/**
 * The answer as rows of text: windows, subject (with its display name when any subject of the answer exists as a resource),
 * group keys in the order asked for, customer, value with six decimals.
 */
export function answerToCsv({ query, rows }: MeterQueryAnswer, names: SubjectNames): string {
  const bySubject = query.groupBy.some(({ kind }) => kind === 'subject');
  const named = bySubject && rows.some(({ subject }) => subject !== undefined && names.has(subject));
  const others = query.groupBy.filter(({ kind }) => kind !== 'subject');
  const header = [
    'window_start',
    'window_end',
    ...(bySubject ? ['subject'] : []),
    ...(named ? ['subject_display_name'] : []),
    ...others.map(columnName),
    'value',
  ];
  const lines = rows.map((row) => [
    toRfc3339(row.windowStart),
    toRfc3339(row.windowEnd),
    ...(bySubject ? [row.subject ?? ''] : []),
    ...(named ? [names.get(row.subject ?? '') ?? ''] : []),
    ...others.map((column) => columnValue(column, row)),
    row.value.toFixed(6),
  ]);
  return [header, ...lines].map((line) => `${line.map(cell).join(',')}\n`).join('');
}

/** The CSV as a file to save. */
export const csvReply = (answer: MeterQueryAnswer, names: SubjectNames): MediaReply =>
  mediaReply({
    contentType: 'text/csv',
    body: answerToCsv(answer, names),
    headers: { 'content-disposition': `attachment; filename=${answer.meter.slug}.csv` },
  });
