// Which states a run reached, and how often: a run that never got there proves nothing about them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In the order in which they are printed. States of faults are added by the faults. */
const known = [
  '503 seen',
  '503 after a write of unknown outcome',
  '503 by the front door',
  'buffer full: 503 before anything was written',
  'no answer: outcome unknown',
  'partitions taken over',
  'insert refused by claim',
  'insert refused by mark',
  'insert of unknown outcome, marks read again',
  'reply lost after insert',
  'request lost before insert',
  'late insert of a zombie refused by the store',
  'restart found readings behind',
  'duplicate dropped',
  'unreadable record kept as a row',
  'sink stopped with an instruction',
];

const inLogs = [
  ['sink', '"msg":"partitions taken over"', 'partitions taken over'],
  ['sink', '"condition":"claim-lost"', 'insert refused by claim'],
  ['sink', '"condition":"mark-moved"', 'insert refused by mark'],
  ['sink', '"cause":"unknown"', 'insert of unknown outcome, marks read again'],
];

export class Sometimes {
  #counts = new Map(known.map((state) => [state, 0]));

  note(state, times = 1) {
    this.#counts.set(state, (this.#counts.get(state) ?? 0) + times);
  }

  /** For what is counted elsewhere, at the end. */
  set(state, times) {
    this.#counts.set(state, times);
  }

  count(state) {
    return this.#counts.get(state) ?? 0;
  }

  /** Logs outlive the processes that are killed; their counters do not. */
  async readLogs(dir) {
    for (const [state, count] of await countInLogs(dir)) this.set(state, count);
  }

  entries() {
    return [...this.#counts];
  }
}

/** How often each state stands in the logs so far. */
export async function countInLogs(dir) {
  const counts = new Map(inLogs.map(([, , state]) => [state, 0]));
  for (const name of await readdir(dir)) {
    const wanted = inLogs.filter(([prefix]) => name.startsWith(prefix));
    if (wanted.length === 0) continue;
    const text = await readFile(join(dir, name), 'utf8');
    for (const [, needle, state] of wanted)
      counts.set(state, counts.get(state) + text.split(needle).length - 1);
  }
  return counts;
}
