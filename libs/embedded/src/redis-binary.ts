import { execFile } from 'node:child_process';
import { access, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EngineFault, errnoOf } from './fault.js';
import { fetchJars } from './jars.js';
import { cacheDir, privateDir } from './paths.js';
import { readZipEntry } from './zip.js';

const run = promisify(execFile);

/** Entries of embedded-redis 1.4.3 for the platforms we say we run on. */
const BUNDLED: Readonly<Record<string, string>> = {
  'linux-x64': 'redis-server-6.2.6-v5-linux-amd64',
  'linux-arm64': 'redis-server-6.2.7-linux-arm64',
  'darwin-x64': 'redis-server-6.2.6-v5-darwin-amd64',
  'darwin-arm64': 'redis-server-6.2.6-v5-darwin-arm64',
};

/** A redis-server ≥ 6.2: the machine's own, else the one inside the embedded-redis jar. */
export async function findRedis(): Promise<string> {
  return (await isRecentEnough('redis-server')) ? 'redis-server' : extractBundled();
}

async function isRecentEnough(command: string): Promise<boolean> {
  try {
    const { stdout } = await run(command, ['--version']);
    const [, major, minor] = /v=(\d+)\.(\d+)/.exec(stdout) ?? [];
    return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function extractBundled(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const entry = BUNDLED[platform];
  if (entry === undefined) {
    throw new EngineFault('Redis', `no binary is bundled for ${platform}; install redis-server 6.2 or newer`);
  }
  const target = join(await privateDir(join(cacheDir(), 'bin')), entry);
  if (await isExecutable(target)) return target;
  const jars = await fetchJars();
  const jar = (await readdir(jars)).find((name) => name.startsWith('embedded-redis-'));
  if (jar === undefined)
    throw new EngineFault('Redis', `no embedded-redis jar in ${jars}; delete that directory`);
  const binary = readZipEntry(
    await readFile(join(jars, jar)),
    (name) => name.endsWith(`/${entry}`) || name === entry,
  );
  if (binary === undefined) throw new EngineFault('Redis', `${jar} holds no ${entry}`);
  // Written aside and renamed: two starts at once must never execute half a file.
  const work = `${target}.${process.pid}.new`;
  await writeFile(work, binary, { mode: 0o700 });
  await rename(work, target);
  return target;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
