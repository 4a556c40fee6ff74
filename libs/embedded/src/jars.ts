import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EngineFault, errnoOf, outputOf, reasonOf } from './fault.js';
import { cacheDir, privateDir, repositoryRoot } from './paths.js';

const run = promisify(execFile);
/** A cold fetch of 55 MB over a slow line. */
const MAVEN_DEADLINE_MS = 280_000;

/**
 * The directory with the jars of pom.xml, fetched through Maven the first time. The directory is named after
 * the hash of pom.xml, so a changed pom is a new directory and a finished one never changes.
 * Errors: EngineFault when Maven is missing or fails.
 */
export async function fetchJars(): Promise<string> {
  const pom = join(repositoryRoot, 'pom.xml');
  const hash = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 16);
  const parent = await privateDir(join(cacheDir(), 'jars'));
  const target = join(parent, hash);
  if (await isComplete(target)) return target;

  const work = await mkdtemp(join(parent, '.fetch-'));
  try {
    await copyDependencies(pom, work);
    await writeFile(join(work, 'complete'), '');
    await moveIntoPlace(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}

async function isComplete(dir: string): Promise<boolean> {
  try {
    await readFile(join(dir, 'complete'));
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function copyDependencies(pom: string, outputDirectory: string): Promise<void> {
  // Maven wants a project directory it may write to; a copy of the pom keeps the clone clean.
  await cp(pom, join(outputDirectory, 'pom.xml'));
  const args = ['-B', '-q', 'dependency:copy-dependencies', `-DoutputDirectory=${outputDirectory}`];
  try {
    await run('mvn', args, { cwd: outputDirectory, timeout: MAVEN_DEADLINE_MS, maxBuffer: 16 << 20 });
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') {
      throw new EngineFault(
        'Maven',
        'the program mvn was not found; install Maven (Debian: apt install maven)',
      );
    }
    const output = outputOf(thrown).trim().split('\n')[0] ?? '';
    throw new EngineFault(
      'Maven',
      `fetching the engines' jars failed; check the network and run mvn dependency:copy-dependencies by hand. First line: ${output || (reasonOf(thrown).split('\n')[0] ?? '')}`,
      { cause: thrown },
    );
  }
}

/** Whoever comes first wins; both copies are the same, so the loser throws its own away. */
async function moveIntoPlace(work: string, target: string): Promise<void> {
  try {
    await rename(work, target);
  } catch (thrown) {
    const code = errnoOf(thrown);
    if ((code === 'ENOTEMPTY' || code === 'EEXIST') && (await isComplete(target))) return;
    throw thrown;
  }
}
