import { describe, expect, it } from '@jest/globals';
import { deflateRawSync } from 'node:zlib';
import { javaVersion } from './kafka.js';
import { readZipEntry } from './zip.js';

describe('javaVersion', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_392"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['not java at all', undefined],
  ])('%s', (banner, version) => {
    expect(javaVersion(banner)).toBe(version);
  });
});

describe('readZipEntry', () => {
  const content = Buffer.from('x'.repeat(1_000));
  const archive = zipOf('bin/tool', content);

  it('inflates the wanted entry', () => {
    expect(readZipEntry(archive, (name) => name === 'bin/tool')).toEqual(content);
  });
  it('knows when there is none, and what is no archive', () => {
    expect(readZipEntry(archive, (name) => name === 'other')).toBeUndefined();
    expect(() => readZipEntry(Buffer.from('hello'), () => true)).toThrow('not a zip archive');
  });
});

/** An archive of one deflated file, just enough of the format to be read back. */
function zipOf(name: string, content: Buffer): Buffer {
  const data = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(data.length, 20);
  entry.writeUInt32LE(content.length, 24);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length + name.length + data.length, 16);
  return Buffer.concat([local, Buffer.from(name), data, entry, Buffer.from(name), end]);
}
