import { describe, expect, it } from '@jest/globals';
import { type OperationId, operationIds, operationRow, readRequest } from '@ledgerline/contract';
import { Refused } from '@ledgerline/kernel';
import { type BaseRequest, slotsOf } from '../../test/hostile-slots.js';
import { parseJsonPath } from '../core/json-path.js';
import type { Meter } from '../core/meter.js';
import { readBearer } from '../core/portal-token.js';
import { readMeterQuery } from '../core/read-meter-query.js';

const long = (piece: string): string => piece.repeat(Math.ceil(100_000 / piece.length));
const pieces = [
  'a',
  "'",
  '\\',
  '(',
  '[',
  '$.a',
  "['a']",
  '{"$and":[',
  '%',
  ' ',
  '\u00e9',
  'a,',
  'a_',
  '9',
  '-',
  'T00:',
];
// One thread serves everybody: whoever holds it longer than this is felt by others.
const blockedMsMax = 50;

/** Time of the processor, not of the clock, so that a busy machine changes nothing; the better of two. */
function cpuMsOf(work: () => void): number {
  const once = (): number => {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user / 1000;
  };
  const first = once();
  return first < blockedMsMax ? first : Math.min(first, once());
}

const ours = operationIds.filter((id) =>
  /^\/api\/(v1|v2|ledgerline\/v1)\/(meters|events|portal|info\/progress|debug)(\/|$)/.test(
    operationRow(id).path,
  ),
);
const paths = { meterIdOrSlug: 'm', meterSlug: 'm', groupByKey: 'k', id: 'i', source: 's' };
const baseOf = (id: OperationId): BaseRequest => ({
  path: paths,
  ...(operationRow(id).body === undefined ? {} : { body: {} }),
});

describe('texts of 100,000 characters', () => {
  it.each(ours)('are read or refused at once in %s', (id) => {
    const slow: string[] = [];
    let turn = 0;
    for (const slot of slotsOf(id)) {
      // Filters within filters are read by the same lines as the filters around them.
      if (/\.\$(and|or)/.test(slot.name)) continue;
      // Two by turns for each place: every place of an operation meets another pair.
      for (let n = 0; n < 2; n += 1) {
        const piece = pieces[(turn += 3) % pieces.length] ?? '';
        const { url, headers, body } = slot.request(baseOf(id), long(piece));
        const [, queryString = ''] = url.split(/\?(.*)/s);
        const raw = {
          path: slot.name.startsWith('path ') ? { ...paths, [slot.name.slice(5)]: long(piece) } : paths,
          queryString,
          headers,
          body: body === undefined ? undefined : Buffer.from(body),
          context: { namespace: 'default', actor: 'a', requestId: 'r' },
        };
        const cpuMs = cpuMsOf(() => {
          try {
            readRequest(id, raw);
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
          }
        });
        if (cpuMs > blockedMsMax) slow.push(`${slot.name}: ${JSON.stringify(piece)}: ${cpuMs} ms`);
      }
    }
    expect(slow).toEqual([]);
  });

  it('are no path, no credential and no filter that takes time', () => {
    const meter = { groupBy: [{ key: 'k', path: { text: '$.k', segments: [] } }] } as unknown as Meter;
    const facts = { meter, timeZones: new Set(['UTC']), customers: undefined };
    for (const piece of pieces) {
      const text = long(piece);
      expect(cpuMsOf(() => parseJsonPath(`$${text}`))).toBeLessThan(blockedMsMax);
      expect(cpuMsOf(() => readBearer(`Bearer ${text}`))).toBeLessThan(blockedMsMax);
      const read = () =>
        readMeterQuery({ subject: [text], advancedMeterGroupByFilters: { k: { $eq: text } } }, facts);
      expect(cpuMsOf(read)).toBeLessThan(blockedMsMax);
      expect(read().refused?.kind).toBe('invalid');
    }
  });

  it('are refused together as soon as no statement could carry them', () => {
    const meter = { groupBy: [] } as unknown as Meter;
    const facts = { meter, timeZones: new Set(['UTC']), customers: undefined };
    const ask = (subject: readonly string[]) => readMeterQuery({ subject }, facts).refused?.detail;
    expect(ask(Array.from({ length: 1000 }, () => 'a'.repeat(100)))).toBeUndefined();
    expect(ask(Array.from({ length: 1000 }, () => 'a'.repeat(130)))).toMatch(/too long/);
    expect(ask(['%'.repeat(29_000)])).toBeUndefined();
    expect(ask(['%'.repeat(31_000)])).toMatch(/too long/);
  });
});
