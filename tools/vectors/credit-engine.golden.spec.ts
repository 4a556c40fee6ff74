import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapter, runRecommended } from './credit-engine.js';
import { describeVectors } from './golden.js';
import { readVectors } from './run.js';

describeVectors({ room: 'credits', adapter, kindsWithoutCore: [] });

describe('where the original has a bug', () => {
  const file = join(import.meta.dirname, '..', '..', 'libs', 'credits', 'vectors', adapter.file);
  const quirks = readVectors(file, readFileSync(file, 'utf8')).filter((vector) =>
    JSON.stringify(vector).includes('"recommended"'),
  );

  it.each(quirks.map((vector) => [vector.id, vector] as const))(
    '%s answers what is recommended',
    (_id, vector) => {
      expect(runRecommended(vector)).toEqual({ outcome: 'passed' });
    },
  );
});
