import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VectorAdapter } from './adapter.js';
import { parseDeviations } from './deviations.js';
import { readVectors } from './run.js';

const root = join(import.meta.dirname, '..', '..');

/**
 * One test per vector of a room's file, named by its id. The kinds without a core are listed by the spec, so that a
 * kind cannot slip from "answered" to "no core yet" unnoticed.
 */
export function describeVectors(options: {
  readonly room: string;
  readonly adapter: VectorAdapter;
  readonly kindsWithoutCore: readonly string[];
}): void {
  const { room, adapter, kindsWithoutCore } = options;
  const file = join('libs', room, 'vectors', adapter.file);
  const vectors = readVectors(file, readFileSync(join(root, file), 'utf8'));
  const deviations = parseDeviations(readFileSync(join(root, 'docs', 'deviations.md'), 'utf8'));
  const answered = vectors.filter((vector) => !kindsWithoutCore.includes(vector.kind));

  describe(file, () => {
    it.each(answered.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
      const result = adapter.run(vector);
      // A vector that we contradict on purpose must really differ, or its deviation is stale.
      if (deviations.has(id)) expect(result.outcome).toBe('failed');
      else expect(result).toEqual({ outcome: 'passed' });
    });

    it('has no core for exactly the kinds listed', () => {
      const without = vectors.filter((vector) => adapter.run(vector).outcome === 'no-core');
      expect([...new Set(without.map((vector) => vector.kind))].sort()).toEqual([...kindsWithoutCore].sort());
    });
  });
}
