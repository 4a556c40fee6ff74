import { cacheDir, repositoryRoot } from '@ledgerline/embedded';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SOURCE = join(repositoryRoot, 'libs/embedded/test/crash/kill-at-rename.c');

/**
 * The environment (`startClickhouse({ env })`) under which the gateway kills itself at the n-th commit of a part:
 * before the rename that makes it visible, or right after. Needs a C compiler called cc.
 */
export async function killAtRename(at: {
  n: number;
  when: 'before' | 'after';
}): Promise<Readonly<Record<string, string>>> {
  return { LD_PRELOAD: await compiled(), KILL_AT_RENAME: String(at.n), KILL_WHEN: at.when };
}

async function compiled(): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(SOURCE))
    .digest('hex')
    .slice(0, 16);
  const dir = join(cacheDir(), 'bin');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const library = join(dir, `kill-at-rename-${hash}.so`);
  const work = `${library}.${process.pid}.new`;
  await run('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', work, SOURCE, '-ldl']);
  // Renamed into place: another spec may be loading it at this moment.
  await rename(work, library);
  return library;
}
