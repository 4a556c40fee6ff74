import { describe, expect, it } from '@jest/globals';
import type { KeyRecord } from '@ledgerline/namespaces/core';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { KeyRing } from './key-ring.js';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** A well-formed key. */
const keyOf = (letter: string): string => {
  const random = letter.repeat(44);
  let rest = crc32(random);
  const sum: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    sum.unshift(digits.charAt(rest % 62));
    rest = Math.floor(rest / 62);
  }
  return `llk_${random}${sum.join('')}`;
};
const key = keyOf('a');
const header = `Bearer ${key}`;
const record: KeyRecord = {
  id: 'k1',
  namespace: 'acme',
  hash: createHash('sha256').update(key).digest('hex'),
  scopes: ['ingest'],
  version: 1,
  isRevoked: false,
  expiresAtMs: undefined,
};
const kindOf = (answer: ReturnType<KeyRing['identify']>): string =>
  'refused' in answer ? answer.refused.kind : answer.namespace;

describe('KeyRing', () => {
  it('knows the sender by the key', () => {
    const ring = new KeyRing();
    expect(kindOf(ring.identify(header))).toBe('unauthenticated');
    ring.apply(record);
    // Twice: the second time from memory.
    for (let n = 0; n < 2; n += 1)
      expect(ring.identify(header)).toEqual({ namespace: 'acme', expiresAtMs: Infinity });
    expect(kindOf(ring.identify(`Bearer ${keyOf('b')}`))).toBe('unauthenticated');
    expect(kindOf(ring.identify(`Bearer ${key.slice(0, -1)}`))).toBe('unauthenticated');
    expect(kindOf(ring.identify(undefined))).toBe('unauthenticated');
  });

  it('feels a revocation at once, also for a header it remembers, and never undoes it', () => {
    const ring = new KeyRing();
    ring.apply(record);
    ring.identify(header);
    ring.apply({ ...record, version: 2, isRevoked: true });
    expect(kindOf(ring.identify(header))).toBe('unauthenticated');
    // Read again from the beginning, or published late.
    ring.apply(record);
    expect(kindOf(ring.identify(header))).toBe('unauthenticated');
  });

  it('lets nobody in by a key that may not send, or cannot be read any more', () => {
    const ring = new KeyRing();
    ring.apply({ ...record, scopes: ['read'] });
    expect(kindOf(ring.identify(header))).toBe('forbidden');
    ring.apply({ ...record, version: 2 });
    expect(kindOf(ring.identify(header))).toBe('acme');
    ring.forget('k1');
    expect(kindOf(ring.identify(header))).toBe('unauthenticated');
  });
});
