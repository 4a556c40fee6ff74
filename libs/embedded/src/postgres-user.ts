import { execFile } from 'node:child_process';
import { chown, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EngineFault, errnoOf } from './fault.js';

const run = promisify(execFile);

/** How to start a Postgres program as somebody who is not root, which it insists on. */
export interface Disguise {
  /** Gives a tree of files to whom Postgres will run as. */
  readonly own: (path: string) => Promise<void>;
  readonly wrap: (command: string, args: readonly string[]) => { command: string; args: readonly string[] };
  readonly uid?: number;
  readonly gid?: number;
}

const PLAIN: Disguise = {
  own: () => Promise.resolve(),
  wrap: (command, args) => ({ command, args }),
};
const NAMESPACE_FLAGS = ['--user', '--map-user=65534', '--map-group=65534'];

/**
 * An ordinary user starts Postgres as it is. Root prefers a user namespace in which root is called nobody: no account
 * is created, and directories only root may enter stay that way. Where that is forbidden (some containers), the
 * account postgres or nobody is used, which must then be able to reach the directories.
 */
export async function disguiseFor(dataDir: string, programs: string): Promise<Disguise> {
  if (process.getuid?.() !== 0) return PLAIN;
  const owner = await ownerOf(join(dataDir, 'cluster', 'PG_VERSION'));
  if ((owner === undefined || owner === 0) && (await namespacesWork())) {
    return {
      ...PLAIN,
      wrap: (command, args) => ({ command: 'unshare', args: [...NAMESPACE_FLAGS, command, ...args] }),
    };
  }
  const account = await ordinaryAccount(owner);
  for (const path of [dataDir, programs]) await requireReach(path, account.uid);
  const own = (path: string): Promise<void> => chownTree(path, account.uid, account.gid);
  await own(dataDir);
  return { ...PLAIN, ...account, own };
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function namespacesWork(): Promise<boolean> {
  return run('unshare', [...NAMESPACE_FLAGS, 'true']).then(
    () => true,
    () => false,
  );
}

async function ordinaryAccount(owner: number | undefined): Promise<{ uid: number; gid: number }> {
  const names = owner === undefined || owner === 0 ? ['postgres', 'nobody'] : [String(owner)];
  for (const name of names) {
    // `id` fails for an account that does not exist; the next one is asked for then.
    const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name]))).catch(() => undefined); // tidy: the reason stands above
    const [uid, gid] = ids?.map(({ stdout }) => Number(stdout)) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new EngineFault(
    'Postgres',
    'does not run as root and found no ordinary account; start as an ordinary user',
  );
}

async function requireReach(path: string, uid: number): Promise<void> {
  for (let dir = dirname(path); dir !== dirname(dir); dir = dirname(dir)) {
    const { mode, uid: owner } = await stat(dir);
    if ((mode & 0o001) !== 0 || owner === uid) continue;
    throw new EngineFault(
      'Postgres',
      `does not run as root, and the account it would use may not enter ${dir}; start as an ordinary user, allow user namespaces, or put clone and data (--data) where others may enter`,
    );
  }
}

async function chownTree(dir: string, uid: number, gid: number): Promise<void> {
  await chown(dir, uid, gid);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await chownTree(path, uid, gid);
    else if (!entry.isSymbolicLink()) await chown(path, uid, gid);
  }
}
