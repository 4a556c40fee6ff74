import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** One thing of a data directory; paths are relative, with forward slashes. */
export type Entry =
  | { readonly kind: 'dir'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly bytes: number;
      readonly sha256: string;
    };

export interface Found {
  readonly path: string;
  readonly kind: 'dir' | 'link' | 'file';
  readonly mode: number;
}

// Waiting for the disk is most of the work, so several files are on their way at once.
const filesAtOnce = 8;

/** Copies what was found, in its order as far as directories go. Tells each thing as it was read. */
export async function copyTree(
  from: string,
  to: string,
  found: AsyncIterable<Found>,
  copied: (entry: Entry) => void,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: Error | undefined;
  for await (const one of found) {
    if (failure !== undefined) break;
    const copying = copyEntry(from, to, one).then(copied);
    // Directories come before what is in them.
    if (one.kind !== 'file') {
      await copying;
      continue;
    }
    const done = copying
      .catch((error: unknown) => {
        failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .then(() => {
        underWay.delete(done);
      });
    underWay.add(done);
    if (underWay.size >= filesAtOnce) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure;
}

/** What lies under `root`, directories before what is in them. `skip` decides by relative path. */
export async function* walk(
  root: string,
  skip: (path: string) => boolean,
  under = '',
): AsyncGenerator<Found> {
  for (const name of (await readdir(join(root, under))).sort()) {
    const path = under === '' ? name : `${under}/${name}`;
    if (skip(path)) continue;
    const stat = await lstat(join(root, path));
    const mode = stat.mode & 0o777;
    if (stat.isSymbolicLink()) yield { path, kind: 'link', mode };
    else if (stat.isDirectory()) {
      yield { path, kind: 'dir', mode };
      yield* walk(root, skip, path);
    } else if (stat.isFile()) yield { path, kind: 'file', mode };
    // A socket or pipe belongs to a process and holds nothing.
  }
}

/** Copies one thing and says what it was. A file is on the disk when this returns. */
async function copyEntry(from: string, to: string, found: Found): Promise<Entry> {
  const { path, mode } = found;
  const [source, target] = [join(from, path), join(to, path)];
  switch (found.kind) {
    case 'dir':
      await mkdir(target, { mode });
      await chmod(target, mode); // mkdir takes away what the umask says
      return { kind: 'dir', path, mode };
    case 'link': {
      const link = await readlink(source);
      await symlink(link, target);
      return { kind: 'link', path, target: link };
    }
    case 'file': {
      const { bytes, sha256 } = await copyFile(source, target, mode);
      return { kind: 'file', path, mode, bytes, sha256 };
    }
  }
}

async function copyFile(
  source: string,
  target: string,
  mode: number,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(
    createReadStream(source, { highWaterMark: 1024 * 1024 }),
    measured,
    createWriteStream(target, { mode, flags: 'wx', flush: true }),
  );
  await chmod(target, mode);
  return { bytes, sha256: hash.digest('hex') };
}
