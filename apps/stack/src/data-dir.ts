import { EngineFault, errnoOf, isAlive } from '@ledgerline/embedded';
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How the data directory is laid out. Raised when an older program could not read a newer directory any more;
 * what the databases hold has its own migrations.
 */
const layout = 1;
const markFile = 'ledgerline-data.json';
const ownerFile = 'supervisor.json';

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the directory ours. Refuses one of a newer version, one that is in use and one that holds something else. */
export async function claimDataDir(dataDir: string): Promise<{ release(): Promise<void> }> {
  await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  await requireStopped(dataDir);
  const mark = await readJson(join(dataDir, markFile));
  if (mark === undefined) {
    const others = (await readdir(dataDir)).filter((name) => name !== 'logs');
    if (others.length > 0) {
      throw new EngineFault(
        'Data',
        `${dataDir} is not empty and holds no Ledgerline data; choose another directory with --data`,
      );
    }
    await writeWhole(join(dataDir, markFile), { layout });
  } else if (typeof mark['layout'] !== 'number' || mark['layout'] > layout) {
    throw new EngineFault(
      'Data',
      `${dataDir} was written by a newer version (layout ${String(mark['layout'])}, this one knows ${layout}); update the program or choose another directory with --data`,
    );
  }
  const owner = join(dataDir, ownerFile);
  await writeWhole(owner, { pid: process.pid });
  return { release: () => rm(owner, { force: true }) };
}

/** Removes what an instance has stored. Touches nothing that is not marked as ours. */
export async function resetDataDir(dataDir: string): Promise<'removed' | 'nothing there'> {
  try {
    await access(dataDir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'nothing there';
    throw error;
  }
  if ((await readJson(join(dataDir, markFile))) === undefined) {
    throw new EngineFault('Data', `${dataDir} holds no Ledgerline data; nothing was removed`);
  }
  await requireStopped(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  return 'removed';
}

async function requireStopped(dataDir: string): Promise<void> {
  const pid = (await readJson(join(dataDir, ownerFile)))?.['pid'];
  if (typeof pid !== 'number' || pid === process.pid || !isAlive(pid)) return;
  throw new EngineFault(
    'Data',
    `${dataDir} is in use by the instance with pid ${pid}; stop it first or choose another directory with --data`,
  );
}

/** Written aside and renamed: a crash in between must not leave half a file. */
async function writeWhole(path: string, content: unknown): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
