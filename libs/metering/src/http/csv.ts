import { toRfc3339 } from '@ledgerline/kernel';
import type { AnswerRow, GroupColumn, MeterQueryAnswer } from '../core/meter-query.js';

const csvMedia = /^\s*text\/csv\s*(;[^,]*)?$/i;

/** CSV is asked for by this one media type alone; a list of types means JSON. */
export const wantsCsv = (accept: string | undefined): boolean =>
  accept !== undefined && csvMedia.test(accept);

/** A quote where the text could be taken for a border. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const columnName = (column: GroupColumn): string => (column.kind === 'dimension' ? column.key : column.kind);

function columnValue(column: GroupColumn, row: AnswerRow): string {
  if (column.kind === 'subject') return row.subject ?? '';
  return column.kind === 'customer_id' ? (row.customerId ?? '') : (row.groupBy[column.key] ?? '');
}

/** The answer as rows of text: windows, subject, group keys in the order asked for, customer, value with six decimals. */
export function answerToCsv({ query, rows }: MeterQueryAnswer): string {
  const subjects = query.groupBy.filter(({ kind }) => kind === 'subject');
  const columns = [...subjects, ...query.groupBy.filter(({ kind }) => kind !== 'subject')];
  const header = ['window_start', 'window_end', ...columns.map(columnName), 'value'];
  const lines = rows.map((row) => [
    toRfc3339(row.windowStart),
    toRfc3339(row.windowEnd),
    ...columns.map((column) => columnValue(column, row)),
    row.value.toFixed(6),
  ]);
  return [header, ...lines].map((line) => `${line.map(cell).join(',')}\n`).join('');
}
