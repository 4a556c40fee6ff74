import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample, WatchedGauges } from './watched-gauges.js';

// A log has a few files per segment of 256 MiB: far below this up to tens of terabytes.
const filesMax = 100_000;

/** The file system under a data directory, and what Kafka's log takes of it where the broker is of this instance. */
export function watchDisk(gauges: WatchedGauges, dataDir: string): void {
  gauges.watch(
    'disk',
    [
      { name: 'ledgerline_disk_free_bytes', help: 'Free bytes of the file system of the data directory.' },
      { name: 'ledgerline_disk_size_bytes', help: 'Size of the file system of the data directory.' },
      {
        name: 'ledgerline_kafka_log_bytes',
        help: "Bytes of Kafka's log directory; only where the broker belongs to the instance.",
      },
    ],
    async () => {
      // Where all engines are somewhere else there may be no such directory.
      const disk = await unlessGone(statfs(dataDir));
      const log = await sizeOf(join(dataDir, 'kafka', 'log'));
      const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [[{}, value]]);
      return [one(disk && disk.bavail * disk.bsize), one(disk && disk.blocks * disk.bsize), one(log)];
    },
  );
}

/** Bytes of all files below; undefined where there is no such directory. Files that go away meanwhile do not count. */
async function sizeOf(root: string): Promise<number | undefined> {
  let bytes = 0;
  let files = 0;
  const waiting = [root];
  for (let dir = waiting.pop(); dir !== undefined; dir = waiting.pop()) {
    const entries = await unlessGone(readdir(dir, { withFileTypes: true }));
    if (entries === undefined && dir === root) return undefined;
    for (const entry of entries ?? []) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isFile()) continue;
      bytes += (await unlessGone(lstat(path)))?.size ?? 0;
      files += 1;
      if (files > filesMax) throw new Error(`more than ${filesMax} files in ${root}`);
    }
  }
  return bytes;
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
