import { describe, expect, it } from '@jest/globals';
import { compare, failed, noCore, passed, type Vector, type VectorAdapter } from './adapter.js';
import { parseDeviations } from './deviations.js';
import { describe as describeReport, readVectors, runFile } from './run.js';

const none = new Map<string, string>();
const file = (...vectors: Vector[]): string => JSON.stringify({ count: vectors.length, vectors });
const adapter: VectorAdapter = {
  file: 'x.json',
  run: ({ kind }) => {
    if (kind === 'good') return passed;
    if (kind === 'bad') return failed('$.total: expected "1", computed "2"');
    if (kind === 'later') return noCore;
    throw new Error('boom');
  },
};

describe('running a file of vectors', () => {
  it('puts every vector in exactly one place', () => {
    const text = file(
      { id: 'a', kind: 'good' },
      { id: 'b', kind: 'bad' },
      { id: 'c', kind: 'bad' },
      { id: 'd', kind: 'later' },
      { id: 'e', kind: 'strange' },
    );
    const report = runFile('x.json', text, adapter, new Map([['c', 'we sort first']]));
    expect(describeReport(report)).toEqual([
      'x.json',
      '  1 passed, 2 failed, 1 contradicted on purpose, 1 with no core yet',
      '  no core yet: later 1',
      '  contradicted on purpose: c: we sort first',
      '  FAILED b: $.total: expected "1", computed "2"',
      '  FAILED e: threw Error: boom',
    ]);
  });

  it('fails on a deviation whose vector passes', () => {
    const report = runFile('x.json', file({ id: 'a', kind: 'good' }), adapter, new Map([['a', 'once true']]));
    expect(report).toMatchObject({ passed: 0, failures: ['a: deviation is stale, the vector passes'] });
  });

  it('fails on a file that nothing answers', () => {
    const report = runFile('y.json', file({ id: 'a', kind: 'good' }), undefined, none);
    expect(report.failures).toEqual(['no adapter: nothing in tools/vectors answers y.json']);
  });

  it.each([
    ['{"vectors": [', /^x\.json: broken JSON/],
    ['null', /no list "vectors"/],
    ['[]', /no list "vectors"/],
    ['{"count": 2, "vectors": []}', /says count 2, holds 0/],
    ['{"vectors": [{"id": "a"}]}', /vectors\[0\] has no id or no kind/],
    ['{"vectors": [null]}', /vectors\[0\] has no id or no kind/],
    ['{"vectors": [{"id": "a", "kind": "k"}, {"id": "a", "kind": "k"}]}', /the id a stands twice/],
  ])('refuses %s in one line', (text, message) => {
    expect(() => readVectors('x.json', text)).toThrow(message);
  });
});

describe('reading deviations', () => {
  it('takes ids and reasons from tables with a column vector', () => {
    const markdown = [
      'Prose with a | bar.',
      '| room | vector | reason |',
      '|------|:------:|--------|',
      '| a    | `x-1`, x-2 | sorted first |',
      '| a    | –          | no vector    |',
      '',
      '| other | table |',
      '|-------|-------|',
      '| x-3   | y     |',
    ].join('\n');
    expect([...parseDeviations(markdown)]).toEqual([
      ['x-1', 'sorted first'],
      ['x-2', 'sorted first'],
    ]);
  });

  it('refuses a vector without a reason', () => {
    expect(() => parseDeviations('| vector | why |\n|--|--|\n| a | b |')).toThrow(/needs a column "reason"/);
    expect(() => parseDeviations('| vector | reason |\n|--|--|\n| a | |')).toThrow(/a gives no reason/);
  });
});

describe('comparing', () => {
  it('names every field that differs, and length', () => {
    const expected = { lines: [{ ref: 'a', quantity: '1' }], discount: null };
    expect(compare(expected, { lines: [{ ref: 'a', quantity: '1', more: 1 }] })).toEqual(passed);
    expect(compare(expected, { lines: [{ ref: 'b', quantity: '1' }, {}], discount: '5' })).toEqual(
      failed(
        [
          '$.lines.length: expected 1, computed 2',
          '$.lines[0].ref: expected "a", computed "b"',
          '$.discount: expected null, computed "5"',
        ].join('\n'),
      ),
    );
  });
});
