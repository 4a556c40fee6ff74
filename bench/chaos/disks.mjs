// Small disks of memory that can be filled by making them smaller. Needs the right to mount.
import { eventually } from '@ledgerline/testkit';
import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const roomMiB = 2_048; // more than a run writes; memory is used as far as it is written
const unmountMs = 10_000;
const spareBytes = 64 * 1024;

/** Engines whose disk can be full. */
export const diskNames = ['kafka', 'clickhouse', 'postgres'];

export class Disks {
  #dir;
  #mounted = new Set();

  constructor(dir) {
    this.#dir = dir;
  }

  /** Mounts them; answers why not, where that is not possible. */
  async mount() {
    if (process.platform !== 'linux' || process.getuid() !== 0)
      return 'needs root on Linux to mount a small disk';
    for (const name of diskNames) {
      const place = this.#place(name);
      await mkdir(place, { recursive: true });
      try {
        await run('mount', ['-t', 'tmpfs', '-o', `size=${roomMiB}m,mode=0700`, 'tmpfs', place]);
      } catch (error) {
        return `this machine does not let us mount: ${error.stderr?.trim() || error.message}`;
      }
      this.#mounted.add(name);
    }
    return undefined;
  }

  async unmount() {
    for (const name of this.#mounted) {
      // Whoever has just ended may still hold a file for a moment.
      await eventually(() => run('umount', [this.#place(name)]), {
        deadlineMs: unmountMs,
        what: `the disk of ${name} to be free`,
      });
      this.#mounted.delete(name);
    }
  }

  /** Where an engine keeps its data: on its disk, if there is one. */
  of(name) {
    return this.#mounted.has(name) ? join(this.#place(name), 'data') : join(this.#dir, name);
  }

  /** Leaves a few pages free. */
  async fill(name) {
    const { bsize, blocks, bfree } = await statfs(this.#place(name));
    await this.#resize(name, (blocks - bfree) * bsize + spareBytes);
  }

  async empty(name) {
    await this.#resize(name, roomMiB * 1024 * 1024);
  }

  async #resize(name, bytes) {
    await run('mount', ['-o', `remount,size=${bytes}`, this.#place(name)]);
  }

  #place(name) {
    return join(this.#dir, `disk-${name}`);
  }
}
