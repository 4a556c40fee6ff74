// Breaks an instance in every way of the plan, one after another, and counts afterwards. See docs/chaos.md.
//   npm run chaos -- [--seed N] [--minutes M] [--faults F1,F2,…] [--short] [--store naive] [--report FILE]
// Exit codes: 0 all invariants held, 1 one broke (or the harness did), 2 wrong arguments, 130 interrupted.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled } from '../../tools/install.mjs';
import { root } from '../lib/paths.mjs';

const usage =
  'usage: npm run chaos -- [--seed N] [--minutes M] [--faults F1,F2,…] [--short] [--store naive] [--report FILE]';

function refuse(problem) {
  console.error(`${problem}\n${usage}`);
  process.exit(2);
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        seed: { type: 'string' },
        minutes: { type: 'string', default: '10' },
        faults: { type: 'string' },
        short: { type: 'boolean', default: false },
        store: { type: 'string', default: 'real' },
        report: { type: 'string' },
      },
    }));
  } catch (error) {
    refuse(error.message);
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 24 * 60)) refuse('--minutes must be a number above 0, at most a day');
  if (values.seed !== undefined && !/^\d{1,9}$/.test(values.seed)) refuse('--seed must be a whole number');
  if (!['real', 'naive'].includes(values.store)) refuse('--store must be real or naive');
  return {
    seed: Number(values.seed ?? Date.now() % 1_000_000),
    minutes,
    faults: values.faults?.split(',').map((name) => name.trim()),
    isShort: values.short,
    isNaive: values.store === 'naive',
    report: values.report ?? join(root, '.nx', 'reports', 'chaos.json'),
  };
}

const options = readOptions();
ensureInstalled();
const built = spawnSync(process.execPath, [join(root, 'tools/build.mjs')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (built.status !== 0) process.exit(1);

// Only now is there something compiled to import.
const { allFaults } = await import('./faults.mjs');
const { Run } = await import('./run.mjs');
const unknown = options.faults?.find((name) => !allFaults.some(({ id }) => id === name));
if (unknown !== undefined)
  refuse(`there is no fault ${unknown}; there are ${allFaults.map(({ id }) => id).join(', ')}`);

const run = new Run(options);
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (isInterrupted) return;
    isInterrupted = true;
    console.error('\ninterrupted: ending what was started');
    run.end().then(
      () => process.exit(130),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
let code = 1;
try {
  code = (await run.execute()) ? 0 : 1;
} catch (error) {
  // What an interrupt tore down fails in many ways, none of which is news.
  if (!isInterrupted) console.error(error);
}
if (!isInterrupted) {
  await run.end();
  process.exit(code);
}
