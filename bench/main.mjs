// Measures this build against a reference mode on the same engines and prints ratios. See docs/bench.md.
//   npm run bench -- [--only ingest|sink|dedupe|query|latency|freshness|soak] [--quick] [--pairs N] [--events N]
//     [--rows N] [--soak-rate N] [--soak-minutes N] [--profile DIR]
// Exit codes: 0 measured (also when goals are missed), 1 void or broken, 2 wrong arguments, 130 interrupted.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled } from '../tools/install.mjs';
import { loadNow, machineFacts } from './lib/machine.mjs';
import { reportFile, root } from './lib/paths.mjs';
import { Report } from './lib/report.mjs';
import { VoidRun } from './lib/statistics.mjs';

const kinds = ['ingest', 'sink', 'dedupe', 'query', 'latency', 'freshness'];
// Minutes long, so it runs only when it is asked for.
const longKinds = ['soak'];
const full = {
  pairs: 5,
  events: 2_000_000,
  backlog: 200_000,
  windowMs: 3_000,
  freshnessMs: 30_000,
  latencyMs: 20_000,
  keys: 1_000_000,
};
const quick = {
  pairs: 2,
  events: 200_000,
  backlog: 30_000,
  windowMs: 1_000,
  freshnessMs: 8_000,
  latencyMs: 5_000,
  keys: 100_000,
};

function usage(problem) {
  console.error(
    `${problem}\nusage: npm run bench -- [--only ${[...kinds, ...longKinds].join('|')}] [--quick] [--pairs N] [--events N] ` +
      '[--rows N] [--soak-rate N] [--soak-minutes N] [--profile DIR]',
  );
  process.exit(2);
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        quick: { type: 'boolean', default: false },
        pairs: { type: 'string' },
        events: { type: 'string' },
        rows: { type: 'string' },
        'soak-rate': { type: 'string' },
        'soak-minutes': { type: 'string' },
        profile: { type: 'string' },
      },
    }));
  } catch (error) {
    usage(error.message);
  }
  const integer = (name, max, fallback) => {
    if (values[name] === undefined) return fallback;
    // 10e6 is easier to get right than a row of zeros.
    const text = /^\d+e\d$/.test(values[name]) ? String(Number(values[name])) : values[name];
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > max)
      usage(`--${name} must be a whole number from 1 to ${max}`);
    return Number(text);
  };
  const only = values.only ?? kinds;
  const unknown = only.find((kind) => ![...kinds, ...longKinds].includes(kind));
  if (unknown !== undefined) usage(`--only ${unknown} is not known`);
  const size = values.quick ? quick : full;
  return {
    ...size,
    only,
    quick: values.quick,
    pairs: integer('pairs', 50, size.pairs),
    // Ten million are about four gigabytes on disk, twice.
    events: integer('events', 10_000_000, size.events),
    // Made inside the store; a hundred million need a quarter of an hour and thirty gigabytes.
    rows: integer('rows', 100_000_000, undefined),
    rate: 10_000,
    soakRate: integer('soak-rate', 200_000, 50_000),
    soakMs: integer('soak-minutes', 120, 10) * 60_000,
    ...(values.profile !== undefined && { profile: resolve(values.profile) }),
  };
}

const options = readOptions();
if (process.platform !== 'linux') usage('the bench reads CPU times from /proc and runs on Linux only');
ensureInstalled();
const built = spawnSync(process.execPath, [join(root, 'tools/build.mjs')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (built.status !== 0) process.exit(1);
if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true });

// Only now is there something compiled to import.
const { Cleanup, openWorld } = await import('./lib/world.mjs');
const { measureDedupe } = await import('./measure/dedupe.mjs');
const { measureFreshness, measureSoak } = await import('./measure/freshness.mjs');
const { measureIngest } = await import('./measure/ingest.mjs');
const { measureLatency } = await import('./measure/latency.mjs');
const { measureQueries } = await import('./measure/query.mjs');
const { measureSink } = await import('./measure/sink.mjs');
const measures = {
  ingest: measureIngest,
  sink: measureSink,
  dedupe: measureDedupe,
  query: measureQueries,
  latency: measureLatency,
  freshness: measureFreshness,
  soak: measureSoak,
};

const machine = machineFacts();
const report = new Report(machine);
const cleanup = new Cleanup();
const startedAt = performance.now();
const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`;
let isInterrupted = false;

const end = async (code) => {
  try {
    await cleanup.run();
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
  process.exit(code);
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (isInterrupted) return;
    isInterrupted = true;
    console.error('\ninterrupted: ending what was started');
    void end(130);
  });
}

// Nothing may leave engines behind, not even a mistake in here.
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    if (isInterrupted) return;
    isInterrupted = true;
    console.error(error);
    void end(1);
  });
}

console.log(
  `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.system}, node ${machine.node}\n` +
    `commit ${machine.commit}, load average ${machine.loadAtStart.join(' ')}`,
);
if (machine.loadAtStart[0] > machine.cores / 2)
  console.log('the machine is busy with something else: ratios hold, absolute figures are too low');
if (options.pairs < 5)
  console.log(`${options.pairs} pairs are too few for a verdict to quote; the full run has 5`);

try {
  const world = await openWorld({ cleanup, profileDir: options.profile });
  console.log(`engines ready after ${elapsed()}`);
  for (const kind of options.only) {
    console.log(`\n${kind} (load average ${loadNow()[0]})`);
    await measures[kind](world, {
      ...options,
      durationMs: options.freshnessMs,
      say: (text) => console.log(`  … ${text}, ${elapsed()}`),
      report,
    });
  }
  const { reached, missed } = report.summary();
  const { loadAtEnd } = report.write(reportFile, options, { isVoid: false, reached, missed });
  console.log(
    `\n${reached} goals reached, ${missed.length} missed${missed.length > 0 ? `: ${missed.join('; ')}` : ''}`,
  );
  console.log(
    `load average at the end ${loadAtEnd.join(' ')}, took ${elapsed()}; all figures in ${relative(root, reportFile)}`,
  );
  await end(0);
} catch (error) {
  // What an interrupt tore down fails in many ways, none of which is news.
  if (!isInterrupted) {
    const isVoid = error instanceof VoidRun;
    console.error(isVoid ? `\nTHIS RUN IS VOID, none of its figures counts. ${error.message}` : error);
    report.write(reportFile, options, { isVoid: true, reason: error.message });
    await end(1);
  }
}
