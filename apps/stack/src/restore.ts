import { EngineFault } from '@ledgerline/embedded';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type BackupOutcome, requireEmpty } from './backup.js';
import { copyTree, type Entry, type Found, walk } from './copy-tree.js';
import { dataFolder, findVersionTrouble, type Manifest, readManifest, readVersions } from './manifest.js';

/**
 * Makes a data directory out of a backup, whole or not at all: every file is compared with its checksum while it is copied
 * aside, and the directory gets its name last. Errors: EngineFault, with nothing left behind.
 */
export async function restoreBackup(
  from: string,
  dataDir: string,
): Promise<BackupOutcome & { createdAt: string }> {
  const manifest = await readManifest(from);
  const trouble = findVersionTrouble(manifest.versions, await readVersions());
  if (trouble !== undefined) throw new EngineFault('Restore', `this backup cannot be used: ${trouble}`);
  await requireEmpty('Restore', dataDir);
  const aside = `${dataDir}.restoring`;
  // Left by a restore that was killed.
  await rm(aside, { recursive: true, force: true });
  await mkdir(dirname(aside), { recursive: true });
  await mkdir(aside, { mode: 0o700 });
  try {
    const outcome = await copyAll(manifest, join(from, dataFolder), aside);
    await rm(dataDir, { recursive: true, force: true }); // it is empty, or not there
    await rename(aside, dataDir);
    return { ...outcome, createdAt: manifest.createdAt };
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
}

async function copyAll(manifest: Manifest, from: string, to: string): Promise<BackupOutcome> {
  const listed = new Map(manifest.entries.map((entry) => [entry.path, entry]));
  let files = 0;
  let bytes = 0;
  const check = (copied: Entry): void => {
    if (!isDeepStrictEqual(copied, listed.get(copied.path))) throw damaged(from, copied.path);
    listed.delete(copied.path);
    if (copied.kind !== 'file') return;
    files += 1;
    bytes += copied.bytes;
  };
  await copyTree(
    from,
    to,
    withListedModes(
      walk(from, () => false),
      new Map(listed),
    ),
    check,
  );
  const [missing] = listed.keys();
  if (missing !== undefined) throw damaged(from, missing);
  return { files, bytes };
}

/** A backup may have been carried by something that does not keep modes; the list does. */
async function* withListedModes(
  all: AsyncIterable<Found>,
  listed: ReadonlyMap<string, Entry>,
): AsyncGenerator<Found> {
  for await (const found of all) {
    const entry = listed.get(found.path);
    yield entry === undefined || entry.kind === 'link' ? found : { ...found, mode: entry.mode };
  }
}

const damaged = (from: string, path: string): EngineFault =>
  new EngineFault(
    'Restore',
    `${join(from, path)} is missing or not what the backup's list says; the backup is damaged and nothing was restored`,
  );
