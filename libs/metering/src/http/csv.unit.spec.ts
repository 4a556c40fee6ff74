import { describe, expect, it } from '@jest/globals';
import { decimal, instant } from '@ledgerline/kernel';
import type { AnswerRow, GroupColumn, MeterQueryAnswer } from '../core/meter-query.js';
import { answerToCsv, wantsCsv } from './csv.js';

describe('whether CSV is asked for', () => {
  it.each([
    'text/csv',
    'TEXT/CSV',
    ' text/csv ',
    'text/csv;charset=utf-8',
    'text/csv; header=present ; q=1',
    'text/csv; x="a, b\\" c"',
    'text/csv;',
  ])('yes: %s', (accept) => {
    expect(wantsCsv(accept)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'text/csv, application/json',
    'application/json, text/csv',
    'text/csv;q=1, */*',
    'text/csvx',
    'text/csv; q',
    'text/csv; =1',
    'text/csv; x="a',
    'text/csv application/json',
  ])('no: %s', (accept) => {
    expect(wantsCsv(accept)).toBe(false);
  });

  it('is found out at once, however long the header is', () => {
    for (const piece of ['text/csv;', ';q="', 'a=b;', '"\\', ' ']) {
      const before = process.cpuUsage();
      wantsCsv(`text/csv;${piece.repeat(100_000)}`);
      const { user } = process.cpuUsage(before);
      expect(user / 1000).toBeLessThan(50);
    }
  });
});

describe('an answer as CSV', () => {
  const row = (subject: string | undefined, value: string, change: Partial<AnswerRow> = {}): AnswerRow => ({
    value: decimal(value),
    windowStart: instant('2025-01-01T00:00:00Z'),
    windowEnd: instant('2025-01-02T00:00:00Z'),
    subject,
    customerId: undefined,
    groupBy: {},
    ...change,
  });
  const answer = (groupBy: readonly GroupColumn[], rows: readonly AnswerRow[]): MeterQueryAnswer =>
    ({ meter: { slug: 'm' }, query: { groupBy }, rows }) as unknown as MeterQueryAnswer;
  const window = '2025-01-01T00:00:00Z,2025-01-02T00:00:00Z';

  it('has display names as soon as one subject of the answer exists, also one without a name', () => {
    const asked = answer([{ kind: 'subject' }], [row('a', '1'), row('b', '2.5')]);
    expect(answerToCsv(asked, new Map())).toBe(
      `window_start,window_end,subject,value\n${window},a,1.000000\n${window},b,2.500000\n`,
    );
    expect(answerToCsv(asked, new Map([['c', 'C']]))).not.toContain('display');
    expect(answerToCsv(asked, new Map([['a', 'Ann "A", Inc.']]))).toBe(
      `window_start,window_end,subject,subject_display_name,value\n${window},a,"Ann ""A"", Inc.",1.000000\n${window},b,,2.500000\n`,
    );
    expect(answerToCsv(asked, new Map([['b', undefined]]))).toContain('subject_display_name');
  });

  it('has subject first, then keys and customer in the order asked for', () => {
    const columns: GroupColumn[] = [
      { kind: 'dimension', key: 'z' },
      { kind: 'customer_id' },
      { kind: 'subject' },
      { kind: 'dimension', key: 'a' },
    ];
    const rows = [row('s', '1', { customerId: 'C1', groupBy: { z: 'x\ny', a: '' } })];
    expect(answerToCsv(answer(columns, rows), new Map([['s', 'S']]))).toBe(
      `window_start,window_end,subject,subject_display_name,z,customer_id,a,value\n${window},s,S,"x\ny",C1,,1.000000\n`,
    );
    expect(answerToCsv(answer([], [row(undefined, '7')]), new Map())).toBe(
      `window_start,window_end,value\n${window},7.000000\n`,
    );
  });
});
