import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invoiceStateDiagram } from './state-machine.js';

const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

it('the README shows the states as the table has them', () => {
  const shown = /```mermaid\n([\s\S]*?)\n```/.exec(readme)?.[1];
  expect(shown).toBe(invoiceStateDiagram());
});

it('the README has the headings of every room', () => {
  const headings = readme.split('\n').filter((line) => line.startsWith('## '));
  expect(headings).toEqual(['## Meaning', '## Owns', '## Does not own', '## Invariants', '## Time']);
});
