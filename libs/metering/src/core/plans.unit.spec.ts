import { describe, expect, it } from '@jest/globals';
import { instant } from '@ledgerline/kernel';
import { parseJsonPath } from './json-path.js';
import type { Extraction, Meter } from './meter.js';
import type { MeterQuery } from './meter-query.js';
import { planChunk } from './plan-chunk.js';
import { planEventList } from './plan-event-list.js';
import { planReadings, planSendings, planSights } from './plan-event-status.js';
import { planMeterQuery, scopeOf } from './plan-meter-query.js';
import { planUsageQuery } from './plan-usage-query.js';
import type { Statement } from './statement.js';

const path = (text: string) => {
  const read = parseJsonPath(text);
  if (read.refused !== undefined) throw new Error(read.refused.detail);
  return read.accepted;
};

/** Texts that end quotes, open calls or look like our own placeholders. */
const hostile = [
  `x' OR 1=1 --`,
  'x" UNION ALL SELECT 1 --',
  'x`y',
  'x\\',
  `x\\'`,
  '{p0:String}',
  '{x:Identifier}',
  'x;DROP TABLE events',
  'x/*',
  "url('http://127.0.0.1')",
  "file('/etc/passwd')",
  "remote('h','t')",
  'INTO OUTFILE',
  '$$x$$',
  'x\0y',
  'x\ny',
  '’x‘',
  '“x”',
  '?',
];

const meterOf = (text: string): Meter => {
  const quoted = text.replaceAll('\0', '').replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return {
    id: text,
    namespace: text,
    slug: text,
    name: text,
    description: text,
    metadata: undefined,
    aggregation: 'SUM',
    eventType: text,
    eventFrom: undefined,
    valueProperty: path(`$['${quoted}'].a[3]`),
    groupBy: [{ key: 'k', path: path(`$["a"]['${quoted}']`) }],
    version: 1,
    createdAt: instant('2025-01-01T00:00:00Z'),
    updatedAt: instant('2025-01-01T00:00:00Z'),
    deletedAt: undefined,
  };
};
const extractionOf = (meter: Meter): Extraction => ({ ...meter, meterId: meter.id });

function statements(text: string): Statement[] {
  const meter = meterOf(text);
  const extraction = extractionOf(meter);
  const period = { from: instant('2025-01-01T00:00:00Z'), to: instant('2025-02-01T00:00:00Z') };
  const query: MeterQuery = {
    ...period,
    window: { size: 'DAY', timeZone: text },
    subjects: [text],
    customers: [{ id: text, keys: [text] }],
    groupBy: [{ kind: 'subject' }, { kind: 'customer_id' }, { kind: 'dimension', key: 'k' }],
    filters: [
      {
        key: 'k',
        filter: {
          operator: '$or',
          filters: [
            { operator: '$like', value: text },
            { operator: '$in', values: [text] },
          ],
        },
      },
    ],
  };
  const scope = scopeOf(meter, extraction, { kind: 'readings', generation: 3n, partitions: 4 }, query);
  return [
    planMeterQuery(scope, query),
    planMeterQuery({ ...scope, source: { kind: 'raw' } }, { ...query, window: undefined }),
    planUsageQuery(scope, [period], { size: 'MONTH', timeZone: text }),
    planChunk({
      stream: { kind: 'main', generation: 3n },
      ranges: [{ partition: 0, from: 0, to: 9 }],
      batchMonth: 202501,
      extractions: [extraction],
    }),
    planEventList(
      {
        namespace: text,
        conditions: [
          { kind: 'id-contains', text },
          { kind: 'text', column: 'subject', filter: { operator: '$in', values: [text] } },
          { kind: 'text', column: 'id', filter: { operator: '$like', value: text } },
          { kind: 'time', column: 'ingested_at', filter: { operator: '<', value: 1 } },
        ],
        orderBy: 'time',
        after: { at: 1, id: text, place: { partition: 1, offset: 2, index: 3 } },
        limit: 10,
      },
      [meter],
    ),
    planSendings({ namespace: text, source: text, id: text }, 7n, 10),
    planSights({ namespace: text, source: text, id: text }, 7n, { partition: 1, offset: 2, index: 3 }, [
      meter,
    ]),
    planReadings(text, { subject: text, timeSeconds: 1, place: { partition: 1, offset: 2, index: 3 } }, [
      text,
    ]),
  ];
}

// Equal texts share a parameter, so the numbers of parameters differ from text to text.
const withoutNumbers = (sql: string): string => sql.replace(/\{p\d+:/g, '{p:');

describe('planned statements', () => {
  const harmless = statements('harmless');

  it.each(hostile)('hold no text of a caller: %j', (text) => {
    statements(text).forEach((statement, n) => {
      // The same statement, letter by letter, whatever the texts are: they travel as parameters.
      expect(withoutNumbers(statement.sql)).toBe(withoutNumbers(harmless[n]!.sql));
      expect(JSON.stringify(Object.values(statement.params).map(String))).toContain(
        JSON.stringify(text).slice(1, -1),
      );
    });
  });

  it('bind each value once', () => {
    for (const { params } of harmless) {
      const values = Object.values(params).map((value) => JSON.stringify([typeof value, String(value)]));
      expect(new Set(values).size).toBeGreaterThan(values.length - 4); // the same number may be bound as two types
    }
  });

  it('write long lists of numbers out, as numbers', () => {
    const from = instant('2025-01-01T00:00:00Z');
    const periods = Array.from({ length: 100 }, (_, n) => ({ from, to: from.add({ hours: n + 1 }) }));
    const meter = meterOf('m');
    const scope = scopeOf(
      meter,
      extractionOf(meter),
      { kind: 'raw' },
      {
        from: undefined,
        to: undefined,
        window: undefined,
        subjects: undefined,
        customers: undefined,
        groupBy: [],
        filters: [],
      },
    );
    const { sql, params } = planUsageQuery(scope, periods, undefined);
    expect(sql).toMatch(/CAST\(\[\d+(,\d+)+\], 'Array\(Int64\)'\)/);
    expect(JSON.stringify(params).length).toBeLessThan(500);
  });
});
