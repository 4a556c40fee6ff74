import { EngineFault, errnoOf, isRunningOn } from '@ledgerline/embedded';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTree, type Entry, walk } from './copy-tree.js';
import { claimDataDir } from './data-dir.js';
import { dataFolder, type Manifest, manifestFile, manifestFormat, readVersions } from './manifest.js';
import { engineNames, type Instance } from './plan-instance.js';
import { sealingKeyFile } from './sealing-key.js';

/** Engines whose files make up an instance. Losing Redis costs time only: what is due is found again in Postgres. */
const kept = ['kafka', 'clickhouse', 'postgres'] as const;

// What belongs to processes, not to data: who runs, which ports, scratch.
const passing = [/^[^/]+\/ledgerline\.claim(\.new)?$/, /^kafka\/server\.properties$/, /\/postmaster\.pid$/];

const isLeftOut = (path: string): boolean => {
  const [top] = path.split('/');
  // Without the key that sealed them, the secrets in Postgres could not be read any more.
  const isKept = ['ledgerline-data.json', sealingKeyFile].includes(path) || kept.some((name) => name === top);
  return !isKept || passing.some((pattern) => pattern.test(path));
};

export interface BackupOutcome {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Copies a stopped instance: with every engine at rest the copies belong to one moment, so nothing is lost or doubled between
 * log, table and database. Errors: EngineFault when it runs, or when some engine is not ours to copy.
 */
export async function takeBackup(instance: Instance, to: string, createdAt: Date): Promise<BackupOutcome> {
  const foreign = engineNames.filter((name) => name !== 'redis' && !instance.localEngines.includes(name));
  if (foreign.length > 0) {
    throw new EngineFault(
      'Backup',
      `${foreign.join(' and ')} of this instance run elsewhere; back them up with their own tools (docs/operations.md)`,
    );
  }
  await requireData(instance.dataDir);
  await requireEmpty('Backup', to);
  const claim = await claimDataDir(instance.dataDir);
  try {
    for (const name of kept) await requireAtRest(join(instance.dataDir, name), name);
    const target = join(to, dataFolder);
    await mkdir(target, { recursive: true, mode: 0o700 });
    const entries: Entry[] = [];
    await copyTree(instance.dataDir, target, walk(instance.dataDir, isLeftOut), (entry) => {
      entries.push(entry);
    });
    const manifest: Manifest = {
      format: manifestFormat,
      createdAt: createdAt.toISOString(),
      versions: await readVersions(),
      entries,
    };
    await writeFile(join(to, `${manifestFile}.new`), `${JSON.stringify(manifest)}\n`, {
      mode: 0o600,
      flush: true,
    });
    await rename(join(to, `${manifestFile}.new`), join(to, manifestFile));
    const files = entries.filter((entry) => entry.kind === 'file');
    return { files: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  } finally {
    await claim.release();
  }
}

async function requireData(dataDir: string): Promise<void> {
  const names = await namesIn(dataDir);
  if (names?.includes('ledgerline-data.json') !== true) {
    throw new EngineFault('Backup', `${dataDir} holds no Ledgerline data; name it with --data`);
  }
}

async function requireAtRest(dir: string, name: string): Promise<void> {
  if ((await namesIn(dir)) === undefined) {
    throw new EngineFault('Backup', `there is no ${name} in this instance's data; was it ever started?`);
  }
  if (await isRunningOn(dir)) {
    throw new EngineFault('Backup', `${name} still runs on ${dir}; stop the instance first`);
  }
}

/** A directory that has something in it is somebody's and is left alone. */
export async function requireEmpty(what: string, dir: string): Promise<void> {
  const names = await namesIn(dir);
  if (names === undefined || names.length === 0) return;
  throw new EngineFault(what, `${dir} is not empty; name a directory that is, or that does not exist yet`);
}

async function namesIn(dir: string): Promise<string[] | undefined> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
