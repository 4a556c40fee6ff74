// npm run vectors [-- <folder>]: every vector file of a folder (default: the copies in the rooms) through the cores.
// The adapters are TypeScript, because the golden specs share them; they are compiled beside themselves first.
import { transformFile } from '@swc/core';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, swcOptions } from './build.mjs';

const here = import.meta.dirname;
const source = join(here, 'vectors');
const target = join(source, 'dist');

await build();
await rm(target, { recursive: true, force: true });
await mkdir(target);
for (const name of await readdir(source)) {
  if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
  const { code } = await transformFile(join(source, name), {
    ...swcOptions,
    sourceMaps: false,
    swcrc: false,
  });
  await writeFile(join(target, name.replace(/\.ts$/, '.js')), code);
}

const { BadVectors } = await import('./vectors/dist/bad-vectors.js');
const { runVectors } = await import('./vectors/dist/run.js');
const [argument, ...extra] = process.argv.slice(2);
if (extra.length > 0 || argument?.startsWith('-')) {
  console.error('usage: npm run vectors [-- <folder>]');
  process.exit(1);
}
try {
  const folder = argument === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', argument);
  const sound = await runVectors({ root: resolve(here, '..'), folder }, (line) => console.log(line));
  process.exitCode = sound ? 0 : 1;
} catch (error) {
  if (!(error instanceof BadVectors)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
