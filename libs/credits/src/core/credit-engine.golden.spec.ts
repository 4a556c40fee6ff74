import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { adapter, runRecommended } from '../../../../tools/vectors/credit-engine.js';
import { parseDeviations } from '../../../../tools/vectors/deviations.js';
import { passed, type Vector } from '../../../../tools/vectors/adapter.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const { count, vectors } = JSON.parse(read('../../vectors/credit-engine.json')) as {
  count: number;
  vectors: (Vector & { title: string })[];
};
const deviations = parseDeviations(read('../../../../docs/deviations.md'));

describe('credit-engine.json', () => {
  it('is complete', () => {
    expect(vectors).toHaveLength(count);
  });

  it.each(vectors.map((vector) => [vector.id, vector.title, vector] as const))(
    '%s: %s',
    (id, _title, vector) => {
      const outcome = adapter.run(vector);
      // A listed vector that passes is a stale row, so both directions are checked.
      if (deviations.has(id)) expect(outcome.outcome).toBe('failed');
      else expect(outcome).toEqual(passed);
    },
  );

  const quirks = vectors.filter((vector) => JSON.stringify(vector).includes('"recommended"'));
  it.each(quirks.map((vector) => [vector.id, vector] as const))(
    '%s answers what is recommended',
    (_id, vector) => {
      expect(runRecommended(vector)).toEqual(passed);
    },
  );
});
