// Everything that must hold before a change lands, in the order in which it can fail. Works on a fresh clone.
//   npm test                all stages
//   npm test -- unit types  only those
// Closes with one plain line: `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const reports = join(root, '.nx', 'reports');
const bin = (path) => join(root, 'node_modules', path);

// Jest has written its report and stopped its engines by then; what still runs was left behind by a test.
const lingerMaxMs = 30_000;

/** Runs a command; `report` is a file whose appearance says that it should end soon. */
const run = (args, env = {}, report = undefined) =>
  new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, NX_DAEMON: 'false', ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    const watch =
      report &&
      setInterval(() => {
        if (!existsSync(report)) return;
        clearInterval(watch);
        setTimeout(() => {
          console.error(
            `still running ${lingerMaxMs / 1000} s after its last test: a test left something behind`,
          );
          child.kill('SIGKILL');
        }, lingerMaxMs).unref();
      }, 1_000);
    child.on('exit', (code) => {
      clearInterval(watch);
      done(code ?? 1);
    });
  });

const passOrFail = (code) => (code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });

/** A check that is one test: it passes or it fails. */
const check =
  (...commands) =>
  async () => {
    for (const args of commands) {
      const code = await run(args);
      if (code !== 0) return passOrFail(code);
    }
    return passOrFail(0);
  };

/** A Jest project. A suite that did not load counts as one failure, and so does every skipped test. */
const jest =
  (project, ...extra) =>
  async () => {
    const outputFile = join(reports, `${project}.json`);
    rmSync(outputFile, { force: true });
    const code = await run(
      [
        bin('jest/bin/jest.js'),
        ...['--selectProjects', project, '--json', '--outputFile', outputFile, '--silent=false'],
        ...extra,
      ],
      { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' },
      outputFile,
    );
    let report;
    try {
      report = JSON.parse(readFileSync(outputFile, 'utf8'));
    } catch (error) {
      console.error(`${project}: no report was written (${error.message})`);
      return { passed: 0, failed: 1 };
    }
    const skipped = report.numPendingTests + report.numTodoTests;
    if (skipped > 0) console.error(`${project}: ${skipped} tests were skipped; a skipped test is a failure`);
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + skipped;
    if (report.numTotalTests === 0) {
      console.error(`${project}: no test was found`);
      return { passed: 0, failed: 1 };
    }
    // Jest also fails a run for what no test owns, such as an engine that did not start.
    return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
  };

const stages = {
  generated: check(['tools/generate.mjs', '--check']),
  format: check([bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']),
  build: check(['tools/build.mjs']),
  lint: check(
    // The wall between rooms reads the workspace graph from nx's cache and stays silent without it.
    [bin('nx/dist/bin/nx.js'), 'show', 'projects'],
    [bin('eslint/bin/eslint.js'), '--max-warnings', '0', '.'],
  ),
  walls: check([
    bin('dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['--config', '.dependency-cruiser.mjs', 'libs', 'apps'],
  ]),
  types: check([bin('typescript/bin/tsc'), '-p', '.']),
  unit: jest('unit'),
  // Two at a time: each spec has a corner of the engines to itself and waits for them more than it works.
  int: jest('int', '--maxWorkers', '2'),
  // One at a time: each brings whole instances along, which want both cores.
  e2e: jest('e2e', '--runInBand'),
};

ensureInstalled();
mkdirSync(reports, { recursive: true });
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(`unknown stage: ${unknown.join(', ')}; there are ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

const total = { passed: 0, failed: 0 };
const lines = [];
for (const [name, stage] of Object.entries(stages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name}`);
  const startedAt = performance.now();
  const { passed, failed } = await stage();
  total.passed += passed;
  total.failed += failed;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  lines.push(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${passed} of ${passed + failed} in ${seconds} s`,
  );
  // Nothing later can be trusted when the code does not build.
  if (name === 'build' && failed > 0) break;
}

console.log(`\n${lines.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
