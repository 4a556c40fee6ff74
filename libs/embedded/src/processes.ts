import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf } from './fault.js';

const run = promisify(execFile);

/** Whether a process exists. One that is not ours to signal exists as well. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) === 'EPERM';
  }
}

/** The command line of a process, or undefined when it is gone. A zombie has an empty one. */
export async function commandLine(pid: number): Promise<string | undefined> {
  if (!isAlive(pid)) return undefined;
  try {
    // Unlimited width: the data directory is often the last word of a long java command.
    const { stdout } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
    return stdout.trim();
  } catch (thrown) {
    if (isAlive(pid)) throw thrown;
    return undefined;
  }
}

/** Ends a process: SIGTERM, then SIGKILL once the grace has passed. Returns when it is gone. */
export async function endProcess(pid: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  signal(pid, 'SIGTERM');
  while (isAlive(pid) && performance.now() < deadline) await delay(50);
  if (!isAlive(pid)) return;
  signal(pid, 'SIGKILL');
  while (isAlive(pid)) await delay(20);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (thrown) {
    // It ended by itself between the look and the signal, which is what was wanted.
    if (errnoOf(thrown) !== 'ESRCH') throw thrown;
  }
}

/** Names the process that listens on a port, where /proc lets us see it: `node (pid 123)`. */
export async function portHolder(port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const wanted = new Set(await listeningInodes(port));
  if (wanted.size === 0) return undefined;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    for (const link of await openFilesOf(entry)) {
      if (!wanted.has(link)) continue;
      const name = await readFile(`/proc/${entry}/comm`, 'utf8').then(
        (text) => text.trim(),
        () => 'a process',
      );
      return `${name} (pid ${entry})`;
    }
  }
  return undefined;
}

async function listeningInodes(port: number): Promise<string[]> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`) === true && fields[3] === '0A')
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
}

/** Empty for processes of other users or ones that ended meanwhile: they cannot be named, that is all. */
async function openFilesOf(pid: string): Promise<string[]> {
  const dir = `/proc/${pid}/fd`;
  const names = await readdir(dir).catch(() => []);
  return Promise.all(names.map((name) => readlink(`${dir}/${name}`).catch(() => '')));
}
