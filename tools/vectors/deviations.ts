import { BadVectors } from './bad-vectors.js';

/** Vector ids that we contradict on purpose, each with its reason. */
export type Deviations = ReadonlyMap<string, string>;

/**
 * Reads the tables of docs/deviations.md that have a column `vector` (ids, comma separated; `–` for none) and a
 * column `reason`. Throws on a table that has the one without the other, so that a typo cannot hide a deviation.
 */
export function parseDeviations(markdown: string): Deviations {
  const deviations = new Map<string, string>();
  let columns: readonly string[] | undefined;
  for (const line of markdown.split('\n')) {
    if (!line.trimStart().startsWith('|')) {
      columns = undefined;
      continue;
    }
    const cells = cellsOf(line);
    if (columns === undefined) {
      columns = cells.map((cell) => cell.toLowerCase());
      if (columns.includes('vector') && !columns.includes('reason')) {
        throw new BadVectors(`a table with a column "vector" needs a column "reason": ${line.trim()}`);
      }
    } else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) {
      for (const id of vectorIds(cells[columns.indexOf('vector')])) {
        const reason = cells[columns.indexOf('reason')];
        if (!reason) throw new BadVectors(`deviation ${id} gives no reason`);
        deviations.set(id, reason);
      }
    }
  }
  return deviations;
}

const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

const vectorIds = (cell: string | undefined): string[] =>
  (cell ?? '')
    .split(',')
    .map((id) => id.replaceAll('`', '').trim())
    .filter((id) => id !== '' && id !== '–' && id !== '-');
