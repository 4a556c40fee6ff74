// npm run vectors [-- <folder>]: every vector file of a folder (default: the copies in the rooms) through the cores.
// The adapters are TypeScript, because the golden specs share them; they are compiled for this run only.
import { transformFile } from '@swc/core';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, swcOptions } from './build.mjs';

const here = import.meta.dirname;
const source = join(here, 'vectors');
// One folder per process, so that two runs at once do not pull it from under each other.
const compiled = join(source, 'dist', String(process.pid));

async function compileAdapters() {
  await mkdir(compiled, { recursive: true });
  for (const name of await readdir(source)) {
    if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
    const options = { ...swcOptions, sourceMaps: false, swcrc: false };
    const { code } = await transformFile(join(source, name), options);
    await writeFile(join(compiled, name.replace(/\.ts$/, '.js')), code);
  }
}

async function run(folder) {
  const { BadVectors } = await import(join(compiled, 'bad-vectors.js'));
  const { runVectors } = await import(join(compiled, 'run.js'));
  try {
    return await runVectors({ root: resolve(here, '..'), folder }, (line) => console.log(line));
  } catch (error) {
    if (!(error instanceof BadVectors)) throw error;
    console.error(error.message);
    return false;
  }
}

const [argument, ...extra] = process.argv.slice(2);
if (extra.length > 0 || argument?.startsWith('-')) {
  console.error('usage: npm run vectors [-- <folder>]');
  process.exit(1);
}
// npm runs scripts at the root; INIT_CWD is where the person stands.
const folder = argument === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', argument);
await build();
try {
  await compileAdapters();
  process.exitCode = (await run(folder)) ? 0 : 1;
} finally {
  await rm(compiled, { recursive: true, force: true });
}
