import { describe, expect, it } from '@jest/globals';
import { crc32 } from 'node:zlib';
import { isKeyText, keyOfHeader, keyTextOf, prefixOf } from './key-text.js';

const key = keyTextOf(Uint8Array.from({ length: 44 }, (_, at) => at * 5))!;

describe('the text of a key', () => {
  it('is recognisable, and its checksum is the CRC-32 of its random part', () => {
    expect(key).toMatch(/^llk_[0-9A-Za-z]{50}$/);
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = Array.from(key.slice(48)).reduce((sum, letter) => sum * 62 + digits.indexOf(letter), 0);
    expect(value).toBe(crc32(key.slice(4, 48)));
  });

  it('leaves out bytes that would make some letters likelier than others', () => {
    expect(keyTextOf(new Uint8Array(60).fill(248))).toBeUndefined();
    expect(keyTextOf(Uint8Array.from([...Array(50).fill(255), ...Array(44).fill(247)]))).toMatch(
      /^llk_z{44}/,
    );
    expect(keyTextOf(new Uint8Array(43))).toBeUndefined();
  });

  it('is known by its beginning', () => {
    expect(prefixOf(key)).toBe(key.slice(0, 10));
  });

  it('does not survive a single wrong, swapped or missing letter', () => {
    expect(isKeyText(key)).toBe(true);
    for (let at = 0; at < key.length; at += 1) {
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(isKeyText(key.slice(0, at) + other + key.slice(at + 1))).toBe(false);
    }
    expect(isKeyText(`llk_${key.charAt(5)}${key.charAt(4)}${key.slice(6)}`)).toBe(false);
    expect(isKeyText(key.slice(0, -1))).toBe(false);
    expect(isKeyText(`${key}\n`)).toBe(false);
  });

  it.each([
    [`Bearer ${key}`, key],
    [`bearer   ${key} `, key],
    [`Basic ${key}`, undefined],
    [key, undefined],
    [`Bearer ${key} ${key}`, undefined],
    ['Bearer ', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('is read from the header %j', (header, expected) => {
    expect(keyOfHeader(header)).toBe(expected);
  });
});
