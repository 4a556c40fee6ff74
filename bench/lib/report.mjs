// Collects figures and prints them: every one, also the missed ones.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadNow } from './machine.mjs';
import { median, pairRatios, verdictOf } from './statistics.mjs';

const shown = (value) => {
  const digits = value >= 1000 ? 0 : value >= 100 ? 1 : 2;
  return value.toLocaleString('en-GB', { minimumFractionDigits: 0, maximumFractionDigits: digits });
};
const range = (values, unit) =>
  `${shown(median(values))}${unit === '/s' ? '' : ' '}${unit}` +
  (values.length > 1 ? ` (${shown(Math.min(...values))}–${shown(Math.max(...values))})` : '');
const goalText = (goal, suffix) =>
  goal === undefined
    ? ''
    : 'atLeast' in goal
      ? `≥ ${shown(goal.atLeast)}${suffix}`
      : `≤ ${shown(goal.atMost)}${suffix}`;

const ratioText = ({ median: middle, min, max }) => `${shown(middle)}× (${shown(min)}–${shown(max)})`;

export class Report {
  figures = [];

  constructor(machine, print = console.log) {
    this.machine = machine;
    this.print = print;
  }

  /** Values of both sides in the order of the pairs. */
  pair({ name, unit, better, ours, reference, goal }) {
    const ratio = pairRatios(ours, reference, better);
    const verdict = verdictOf(ratio.median, goal);
    this.figures.push({ name, unit, better, ours, reference, ratio, goal, verdict });
    this.print(
      `  ${name}: ours ${range(ours, unit)}, reference ${range(reference, unit)}, ratio ${ratioText(ratio)}` +
        this.#end(goal, '×', verdict),
    );
    return ratio;
  }

  /** Ratios that were put together from others. */
  ratio({ name, ratios, goal }) {
    const ratio = { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios), ratios };
    const verdict = verdictOf(ratio.median, goal);
    this.figures.push({ name, ratio, goal, verdict });
    this.print(`  ${name}: ratio ${ratioText(ratio)}${this.#end(goal, '×', verdict)}`);
  }

  /** A figure of ours alone, which means something on this machine only. */
  absolute({ name, unit, values, goal }) {
    const verdict = verdictOf(median(values), goal);
    this.figures.push({ name, unit, values, goal, verdict });
    const suffix = unit === '/s' ? unit : ` ${unit}`;
    this.print(`  ${name}: ${range(values, unit)}${this.#end(goal, suffix, verdict)}`);
  }

  summary() {
    const judged = this.figures.filter(({ verdict }) => verdict !== undefined);
    return {
      reached: judged.filter(({ verdict }) => verdict === 'reached').length,
      missed: judged.filter(({ verdict }) => verdict === 'missed').map(({ name }) => name),
    };
  }

  write(file, options, outcome) {
    const machine = { ...this.machine, endedAt: new Date().toISOString(), loadAtEnd: loadNow() };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify({ machine, options, outcome, figures: this.figures }, null, 2)}\n`);
    return machine;
  }

  #end(goal, suffix, verdict) {
    return verdict === undefined ? '' : `, goal ${goalText(goal, suffix)}: ${verdict}`;
  }
}
