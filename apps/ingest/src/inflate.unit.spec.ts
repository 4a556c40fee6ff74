import { describe, expect, it } from '@jest/globals';
import type { Refusal } from '@ledgerline/kernel';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Inflater, inflaterOf } from './inflate.js';

const limit = 100_000;
const text = 'x'.repeat(limit);

async function inflate(body: Buffer, encoding: string): Promise<string | Refusal> {
  const inflateBody = inflaterOf(encoding);
  if (inflateBody === undefined) return body.toString();
  if ('refused' in inflateBody) return inflateBody.refused;
  const outcome = await new Inflater(limit).run(body, inflateBody);
  return 'refused' in outcome ? outcome.refused : outcome.toString();
}

describe('inflating', () => {
  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['', (content) => Buffer.from(content)],
    ['identity', (content) => Buffer.from(content)],
  ] as [string, (content: string) => Buffer][])('%s', async (encoding, compress) => {
    expect(await inflate(compress(text), encoding)).toBe(text);
  });

  it.each([
    ['gzip', gzipSync(`${text}x`)],
    ['deflate', deflateSync(`${text}x`)],
    ['br', brotliCompressSync(`${text}x`)],
    // 64 MB of zeros in 64 kB: what counts is what comes out, so it must stop there.
    ['gzip', gzipSync(Buffer.alloc(64_000_000))],
  ])('stops at the limit: %s', async (encoding, bomb) => {
    expect(await inflate(bomb, encoding)).toMatchObject({ kind: 'too-large' });
  });

  it.each([
    ['gzip', Buffer.from('not compressed')],
    ['gzip', gzipSync(text).subarray(0, 50)],
    ['gzip', Buffer.alloc(0)],
    ['deflate', Buffer.from('not compressed')],
    ['br', Buffer.from('not compressed')],
    ['br', brotliCompressSync(text).subarray(0, 5)],
  ])('refuses damage: %s %p', async (encoding, body) => {
    expect(await inflate(body, encoding)).toMatchObject({ kind: 'invalid' });
  });

  it.each(['zstd', 'gzip, br', 'compress'])('does not know %s', async (encoding) => {
    expect(await inflate(Buffer.alloc(0), encoding)).toMatchObject({ kind: 'unsupported-media-type' });
  });

  it('works on a few bodies at a time and on all of them in the end', async () => {
    const inflater = new Inflater(limit);
    let working = 0;
    let workingMax = 0;
    const slow = async (): Promise<Buffer> => {
      working += 1;
      workingMax = Math.max(workingMax, working);
      await new Promise(setImmediate);
      working -= 1;
      return Buffer.from('done');
    };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => inflater.run(Buffer.alloc(1), slow)));
    expect(outcomes.map(String)).toEqual(Array.from({ length: 20 }, () => 'done'));
    expect(workingMax).toBe(4);
  });
});
