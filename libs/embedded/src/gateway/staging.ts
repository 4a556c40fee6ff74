import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoOf } from '../fault.js';
import { GatewayFailure } from './failures.js';

const MEMORY = '/dev/shm';
/** Containers often give it 64 MB, too little for one insert and one result; then the data directory serves. */
const ROOM_WANTED = 1 << 30;

/** The directory for bodies and results in flight: ours alone, emptied at every start. */
export async function openStaging(dataDir: string): Promise<string> {
  const path = await stagingPath(dataDir);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  return path;
}

/** On the memory file system where that has room, else in the data directory. */
export async function stagingPath(dataDir: string): Promise<string> {
  const ours = `ledgerline-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
  return (await hasMemoryRoom()) ? join(MEMORY, ours) : join(dataDir, 'staging');
}

async function hasMemoryRoom(): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(MEMORY);
    return bavail * bsize >= ROOM_WANTED;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

export const stagedFile = (staging: string): string => join(staging, randomUUID());

/** Writes a body to a file. Errors: code 187 once it is longer than allowed; the file is gone then. */
export async function stage(body: Readable, path: string, maxBytes: number): Promise<number> {
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(tooLarge('insert data', maxBytes));
      else done(null, chunk);
    },
  });
  try {
    await pipeline(body, meter, createWriteStream(path, { mode: 0o600, flags: 'wx' }));
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  }
  return bytes;
}

/** Reads a body into memory. Errors: code 187 once it is longer than allowed. */
export async function readText(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge('the statement', maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = (what: string, maxBytes: number): GatewayFailure =>
  new GatewayFailure(187, 'QUERY_IS_TOO_LARGE', `${what} is longer than ${maxBytes} bytes.`);
